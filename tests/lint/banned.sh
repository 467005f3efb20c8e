#!/usr/bin/env bash
# banned.sh [ROOT]: functions that invite overruns or lose errors are called nowhere in src/; the heap is used in src/base/ and where
# allocations.txt gives a reason.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"
list=tests/lint/allocations.txt
[ -e "$list" ] || list=$here/allocations.txt

find src -name '*.[ch]' | sort | xargs awk -v keep_strings=0 -v list="$list" -f "$here/strip.awk" -f <(cat <<'AWK'
function called(code, names) { return code ~ "(^|[^A-Za-z0-9_>.])(" names ")[ \t]*\\(" }
BEGIN {
    while ((getline line < list) > 0)
        if (line !~ /^(#|$)/) {
            split(line, part, " ")
            listed[part[1]] = 1
            if (line !~ /^[^ ]+ +[^ ]+ /) { print list ": no reason given for " part[1]; bad++ }
        }
}
{ code = strip($0) }
called(code, "strcpy|strncpy|stpcpy|strcat|strncat|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll|atof|gets|alloca|scanf|sscanf") {
    printf "%s:%d: banned function: %s\n", FILENAME, FNR, $0
    bad++
}
called(code, "malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf") {
    if (FILENAME ~ /^src\/base\//) next
    used[FILENAME] = 1
    if (!(FILENAME in listed)) { printf "%s:%d: heap memory outside src/base/: %s\n", FILENAME, FNR, $0; bad++ }
}
END {
    for (file in listed)
        if (!(file in used)) { print list ": " file " does not use the heap any more"; bad++ }
    if (bad) exit 1
}
AWK
) || { echo "not ok lint.banned"; exit 1; }
echo "ok lint.banned"
