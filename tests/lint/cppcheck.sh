#!/usr/bin/env bash
# cppcheck.sh [ROOT]: cppcheck finds nothing in src/, but for what cppcheck.txt gives a reason for. What it knows of a file is kept in
# build/cppcheck, so that only what has changed is looked at again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"
mkdir -p build/cppcheck

# http/h2.h insists on the version of libh2o; system headers are not read.
if ! cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --cppcheck-build-dir=build/cppcheck --std=c11 \
    --enable=warning,performance,portability,style --library=posix --library=gnu --library=libcurl --library=openssl \
    --library=sqlite3 --suppressions-list=<(sed 's/ *#.*//; /^$/d' "$here/cppcheck.txt") \
    --template='{file}:{line}:{column}: {severity}: {id}: {message}' \
    -I src -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -DH2O_VERSION_MAJOR=2 -DH2O_VERSION_MINOR=2 -DDRAGOMAN_VERSION=\"\" src
then
    echo "not ok lint.cppcheck"
    exit 1
fi
echo "ok lint.cppcheck"
