#!/usr/bin/env bash
# layers.sh [ROOT]: every #include of src/ points at its own folder or a lower row (rows.txt); a library's header appears only
# in its owners' folders (libraries.txt), and never in a header that another folder includes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"

system='assert|complex|ctype|dirent|emmintrin|endian|errno|fcntl|fenv|float|grp|inttypes|limits|locale|malloc|math|netdb|poll|pthread'
system+='|pwd|sched|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings'
system+='|syslog|termios|threads|time|uchar|unistd|wchar|wctype|arpa/[a-z]+|linux/[a-z]+|net/if|netinet/[a-z0-9]+|sys/[a-z]+'

find src -name '*.[ch]' | sort | xargs awk -v rows="$here/rows.txt" -v libraries="$here/libraries.txt" \
    -v known="$system" '
    function fault(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad++ }
    function owner(header,   prefix) {
        for (prefix in owners)
            if (header == prefix || (prefix ~ /\/$/ && index(header, prefix) == 1) ||
                (prefix !~ /[.\/]/ && index(header, prefix "/") == 1))
                return owners[prefix]
        return ""
    }
    BEGIN {
        while ((getline line < rows) > 0)
            if (line !~ /^#/) {
                count = split(line, names, " ")
                level++
                for (i = 1; i <= count; i++) row[names[i]] = level
            }
        while ((getline line < libraries) > 0)
            if (line !~ /^#/) {
                count = split(line, names, " ")
                for (i = 2; i <= count; i++) owners[names[1]] = owners[names[1]] " " names[i] " "
            }
    }
    FNR == 1 {
        split(FILENAME, part, "/")
        room = part[2]
        if (!(room in row)) fault("src/" room " has no row in tests/lint/rows.txt")
    }
    match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) {
        header = substr($0, RSTART, RLENGTH)
        gsub(/^[^"]*"|"$/, "", header)
        if (split(header, part, "/") != 2) { fault("include \"" header "\" as \"room/file.h\""); next }
        other = part[1]
        if (!(other in row)) fault("include of " header ": no such room")
        else if (other != room && row[other] >= row[room])
            fault(room " includes " header ": " other " is not on a lower row")
        if (other != room) seen_outside["src/" header] = FILENAME ":" FNR
    }
    match($0, /^[ \t]*#[ \t]*include[ \t]*<[^>]*>/) {
        header = substr($0, RSTART, RLENGTH)
        gsub(/^[^<]*<|>$/, "", header)
        if (header ~ ("^(" known ")[.]h$")) next
        allowed = owner(header)
        if (allowed == "") fault("<" header "> is in neither the system nor tests/lint/libraries.txt")
        else if (index(allowed, " " room " ") == 0) fault(room " includes <" header ">, which belongs to" allowed)
        if (FILENAME ~ /[.]h$/) library_in[FILENAME] = header
    }
    END {
        for (file in library_in)
            if (file in seen_outside) {
                printf "%s: includes <%s>, and %s includes it\n", file, library_in[file], seen_outside[file]
                bad++
            }
        if (bad) exit 1
    }' || { echo "not ok lint.layers"; exit 1; }
echo "ok lint.layers"
