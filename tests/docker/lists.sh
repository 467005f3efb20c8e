#!/usr/bin/env bash
# What can be said about docker/ without a container engine: the package lists fit the real binary, what is copied exists,
# what compose.yaml names is in the image. `./dev docker-test` runs the Dockerfile's steps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
binary=build/release/dragoman
file=docker/Dockerfile
good=0 bad=0

ok() { good=$((good + 1)); echo "ok docker: $1"; }
fault() { bad=$((bad + 1)); echo "not ok docker: $1"; }
quietly() { "$@" >/dev/null; }
check() { local what=$1; shift; if "$@"; then ok "$what"; else fault "$what"; fi; }

# The words after `install … --no-install-recommends` in the N-th stage.
packages() {
    sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$file" | grep -v '^#' |
        awk -v stage="$1" '/^FROM/ { n++ } n == stage && /apt-get install/ {
            sub(/.*--no-install-recommends */, ""); sub(/ *&&.*/, ""); print }' | tr -s ' ' '\n' | sort
}

wanted=$(sed -n '/^BUILD_PACKAGES=(/,/)/p' dev | tr -d '()' | sed 's/BUILD_PACKAGES=//' | tr -s ' \n' '\n' | grep . | sort)
check "the build stage installs what ./dev build installs" [ "$(packages 1)" = "$wanted" ]

# Debian's packages of the libraries that the binary itself asks for: not those behind them, nor what every Debian has.
needed() {
    local library path
    objdump -p "$binary" | awk '/NEEDED/ && $2 !~ /^ld-/ { print $2 }' | while read -r library; do
        path=$(ldd "$binary" | awk -v l="$library" '$1 == l { print $3 }')
        dpkg -S "$(readlink -f "$path")" 2>/dev/null || dpkg -S "$path" 2>/dev/null || echo "no package: $path"
    done | sed 's/:.*//' | sort -u | grep -vE '^(libc6|libgcc-s1)$'
}
if [ -x "$binary" ]; then
    check "the runtime stage installs the packages of the libraries $binary needs, and ca-certificates" \
        diff <(packages 2) <( (needed; echo ca-certificates) | sort -u)
else
    fault "$binary is not built"
fi

while read -r _ sources; do
    for source in ${sources% *}; do
        [ -e "$source" ] || fault "COPY $source: no such file"
        grep -qxF "!$source" "$file.dockerignore" || fault "COPY $source: not in Dockerfile.dockerignore"
    done
done < <(grep -E '^COPY [^-]' "$file")
ok "what is copied exists, and is not ignored"

for path in $(grep -oE '/usr/share/dragoman/[a-z/.]+' "$file" docker/compose.yaml conf/production.yaml | sed 's/^[^:]*://' | sort -u); do
    check "$path is installed" [ -e "${path#/usr/share/dragoman/}" ]
done
check "the image does not run as root" grep -qE '^USER [a-z]' "$file"
check "the health check asks the admin listener of production.yaml" \
    grep -q "127.0.0.1/$(sed -n '/^admin:/,/^[a-z]/s/.*listen: .*:\([0-9]*\)$/\1/p' conf/production.yaml)" "$file"

# What compose.yaml's commands set is a setting.
if [ -x "$binary" ]; then
    state=$(mktemp -d)
    trap 'rm -rf "$state"' EXIT
    sets=()
    while read -r set; do sets+=(--set "$set"); done < <(grep -oE '^ +- [a-z_]+\.[a-z_]+=.*' docker/compose.yaml | sed 's/^ *- //' |
        grep -v 'tls\.\|signing_key\|ca_file')
    check "the binary takes compose.yaml's settings" "$binary" check -c conf/production.yaml "${sets[@]}" --set "state_dir=$state" \
        --set mappings=mappings --set "auth.signing_key=$state/key.pem" --set tls.certificate= --set tls.key= --set backend.ca_file= --set 'auth.issuers=[]'
    # And its comment's command makes a token: none of production.yaml's files is there.
    read -ra words < <(awk '/exec gateway dragoman token/ { on = 1; sub(/.*gateway dragoman /, "") }
        on { sub(/^# */, ""); more = sub(/\\$/, ""); printf "%s ", $0; if (!more) { print ""; exit } }' docker/compose.yaml |
        sed "s|/usr/share/dragoman/||; s|/run/secrets/signing_key|$state/key.pem|; s|'||g")
    check "compose.yaml tells how to make a token" [ "${words[0]-}" = token ]
    check "compose.yaml's command makes a token" quietly "$binary" "${words[@]}" --set "state_dir=$state" --set mappings=mappings
fi

echo "not run: docker build, docker compose (no container engine is used here); ./dev docker-test runs the Dockerfile's steps in a debootstrap root"
echo "$good passed, $bad failed"
[ "$bad" = 0 ]
