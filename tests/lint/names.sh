#!/usr/bin/env bash
# names.sh [ROOT]: src/ names no dialect, in identifiers, strings, comments or file names: dialects are data in mappings/. The names
# are the folders of mappings/ and the vendors' own; a name that is also an English word counts as an identifier, a
# whole string or a file name only. (oauth is the gateway's own protocol, RFC 6749, not a dialect.)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"
words=' general '
names=(esteem fhir twine patient-graph)
bad=0

for folder in mappings/*/; do
    folder=$(basename "$folder")
    case $folder in canonical | tables | oauth | '*') ;; *) names+=("$folder") ;; esac
done

mapfile -t files < <(find src -type f | sort)
for name in $(printf '%s\n' "${names[@]}" | sort -u); do
    pattern=${name//[-_]/[-_ ]?}
    if found=$(printf '%s\n' "${files[@]}" | grep -iE "$pattern"); then
        printf '%s\n' "$found" | sed "s|\$|: a file named after a dialect ($name)|"
        bad=1
    fi
    if [[ $words != *" $name "* ]]; then
        ! grep -niE "$pattern" "${files[@]}" /dev/null || bad=1
        continue
    fi
    for file in "${files[@]}"; do
        found=$(awk -v keep_strings=1 -f "$here/strip.awk" -f /dev/stdin "$file" <<<"
            { line = strip(\$0); code = line; gsub(/\"([^\"\\\\\\\\]|\\\\\\\\.)*\"/, \"\\\"\\\"\", code) }
            line ~ /\"$name\"/ || code ~ /(^|[^A-Za-z0-9_])${name}(_[A-Za-z0-9_]*)?([^A-Za-z0-9_]|\$)/ {
                printf \"%s:%d: names the dialect $name\\n\", FILENAME, FNR }")
        [ -z "$found" ] || { printf '%s\n' "$found"; bad=1; }
    done
done
[ "$bad" = 0 ] || { echo "not ok lint.names"; exit 1; }
echo "ok lint.names"
