#!/usr/bin/env bash
# The checks find what they are for: each case plants one fault in a small tree and the named check must refuse it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
bad=0

# A tree without faults: what looks like one and is none stands in it.
tree() {
    rm -rf "${root:?}"/*
    mkdir -p "$root"/{src/base,src/json,src/flow,src/net,src/http,src/db,docs,tests/lint,mappings/general,mappings/rival}
    echo '# Heading with a [link](docs/page.md#part) and [another](https://example.org)' >"$root/README.md"
    echo 'Text' >"$root/docs/page.md"
    cat >"$root/src/base/base.c" <<'C'
#include <stdlib.h>
/* In general malloc and strcpy() may be named in comments: "sprintf(". docs/page.md */
void *take(void) { return malloc(1); }
C
    echo '/* a header */' >"$root/src/base/base.h"
    printf '#include "base/base.h"\n#include "json/json.h"\n#include <sys/stat.h>\nconst char *a = "in general: strcat(x)";\n' >"$root/src/flow/flow.c"
    echo '#include <h2o.h>' >"$root/src/net/inside.h"
    echo '#include "net/inside.h"' >"$root/src/net/net.c"
    : >"$root/src/json/json.h"
    : >"$root/tests/lint/allocations.txt"
}

try() { # CHECK yes|no WHAT
    local verdict=yes
    bash "$here/$1.sh" "$root" >"$root.out" 2>&1 || verdict=no
    [ "$verdict" = "$2" ] || { bad=1; echo "$1: $3: want $2"; cat "$root.out"; }
    rm -f "$root.out"
}

refused() { # CHECK FILE LINE
    tree
    mkdir -p "$(dirname "$root/$2")"
    printf '%s\n' "$3" >>"$root/$2"
    try "$1" no "$3 in $2"
}

tree
for check in layers names banned cppcheck tidy links; do try "$check" yes 'a tree without faults'; done

refused layers src/base/base.c '#include "json/json.h"'
refused layers src/json/x.c '#include "flow/flow.h"'
refused layers src/net/x.c '  #  include "db/db.h"'
refused layers src/flow/x.c '#include "flow.h"'
refused layers src/flow/x.c '#include "nowhere/x.h"'
refused layers src/flow/x.c '#include <h2o.h>'
refused layers src/flow/x.c '#include <h2o/http2.h>'
refused layers src/flow/x.c '#include <openssl/evp.h>'
refused layers src/flow/x.c '#include <zlib.h>'
refused layers src/http/x.c '#include "net/inside.h"'
refused layers src/attic/x.c '#include "base/base.h"'
refused names src/flow/x.c '/* as rival has it */'
refused names src/flow/x.c 'int patient_graph_id;'
refused names src/flow/x.c 'const char *a = "Patient-Graph";'
refused names src/flow/x.c 'int general;'
refused names src/flow/x.c 'int general_error(void);'
refused names src/flow/x.c 'if (is("general"))'
refused names src/flow/general.c 'int a;'
refused names src/flow/rivals.h 'int a;'
refused banned src/flow/x.c '    strcpy(a, b);'
refused banned src/base/x.c '    n = atoi (a);'
refused banned src/flow/x.c '    p = calloc(1, 2);'
refused banned src/flow/x.c '/* a */ free(p); /* b */'
refused banned tests/lint/allocations.txt 'src/flow/flow.c its library says so'
refused cppcheck src/flow/x.c 'int f(void); int f(void) { int a[2] = { 1, 2 }; return a[2]; }'
refused cppcheck src/flow/x.c 'int g(const int *p); int g(const int *p) { int a = *p; return p ? a : 0; }'
refused cppcheck src/flow/x.c '#include <stdio.h>
void h(void); void h(void) { FILE *f = fopen("a", "r"); if (f) (void)fputs("b", stdout); }'
refused tidy src/flow/x.c '#include <string.h>
int f(const char *a); int f(const char *a) { return strcmp(a, "b") == 2; }'
refused tidy src/flow/x.c '#include <stdlib.h>
int g(void); int g(void) { return system("true"); }'
refused tidy src/flow/x.c 'int h(int a); int h(int a) { return a == 1 || a == 1; }'
refused tidy src/flow/x.c 'int i(int given); int i(int taken) { return taken; }'
refused tidy src/flow/x.c '#include "flow/none.h"'
refused links README.md 'See [x](docs/none.md).'
refused links src/flow/x.c '/* docs/none.md */'

[ "$bad" = 0 ] || { echo "not ok lint.selftest"; exit 1; }
echo "ok lint.selftest"
