#!/usr/bin/env bash
# exports.sh BINARY: the program offers no function of its own to the shared libraries it loads. If it did, a name that a library
# has too (jansson's json_string) would lead that library into our code.
set -euo pipefail
# Variables of libraries that the linker copied into the program are theirs.
copied=$(readelf -rW "$1" | awk '$3 == "R_X86_64_COPY" || $3 == "R_AARCH64_COPY" { sub(/@.*/, "", $5); printf "%s|", $5 }')
found=$(nm -D --defined-only "$1" | awk '$2 ~ /^[TDBR]$/ && $3 !~ /^_|^(main|environ|stdin|stdout|stderr|optarg|optind)(@|$)/ { sub(/@.*/, "", $3); print "exported: " $3 }' |
    grep -vxE "exported: (${copied%|})" | grep -vE '__(asan|ubsan|tsan|lsan|interceptor|sanitizer)' || true)
[ -z "$found" ] || { printf '%s\nnot ok lint.exports\n' "$found"; exit 1; }
echo "ok lint.exports"
