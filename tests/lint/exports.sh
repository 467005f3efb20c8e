#!/usr/bin/env bash
# exports.sh BINARY: the program offers no function of its own to the shared libraries it loads. If it did, a name that a library
# has too (jansson's json_string) would lead that library into our code.
set -euo pipefail
found=$(nm -D --defined-only "$1" | awk '$2 ~ /^[TDBR]$/ && $3 !~ /^_|^(main|environ|stdin|stdout|stderr|optarg|optind)(@|$)/ { print "exported: " $3 }' |
    grep -vE '__(asan|ubsan|tsan|lsan|interceptor|sanitizer)' || true)
[ -z "$found" ] || { printf '%s\nnot ok lint.exports\n' "$found"; exit 1; }
echo "ok lint.exports"
