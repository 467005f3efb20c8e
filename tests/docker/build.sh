#!/usr/bin/env bash
# Runs the steps of docker/Dockerfile without a container engine: each stage is a debootstrap root, RUN is a chroot in
# it, COPY is cp; then the image's binary serves in it as the image's user, and HEALTHCHECK must say healthy. Needs root and
# debootstrap. Not shown: the engine's own part (layers, VOLUME, the network of compose.yaml).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
file=docker/Dockerfile
[ "$(id -u)" = 0 ] || { echo "docker-test: not run: needs root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "docker-test: not run: needs debootstrap (apt-get install debootstrap)" >&2; exit 2; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/dragoman-docker-test
base=$cache/debian-12
mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    for root in "$work"/*/; do
        for mounted in proc dev; do
            ! mountpoint -q "$root/$mounted" || umount --lazy --recursive "$root/$mounted"
        done
    done
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT

if [ ! -e "$base/.ready" ]; then
    echo "==> debootstrap (once)"
    rm -rf "$base"
    debootstrap --variant=minbase bookworm "$base" >"$cache/log" 2>&1 || { tail -n 3 "$cache/log" >&2; exit 1; }
    cp /etc/resolv.conf "$base/etc/resolv.conf"
    if cp /etc/apt/sources.list.d/*.sources "$base/etc/apt/sources.list.d/" 2>/dev/null; then : >"$base/etc/apt/sources.list"; fi
    mkdir -p "$base/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/"
    touch "$base/.ready"
fi

new_root() { # NAME
    cp -a "$base" "$work/$1"
    mount -t proc proc "$work/$1/proc"
    mount -t tmpfs tmpfs "$work/$1/dev"
    for device in null zero random urandom; do
        touch "$work/$1/dev/$device"
        mount --bind "/dev/$device" "$work/$1/dev/$device" 2>/dev/null || cp -a "/dev/$device" "$work/$1/dev/$device"
    done
    ln -s /proc/self/fd "$work/$1/dev/fd"
}

inside() { # the current stage, in its directory, as its user
    $in_place chroot ${user:+--userspec="$user:$user"} "$work/$stage" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        bash -c 'cd "$1" && shift && exec "$@"' - "$directory" "$@"
}

copy() { # [--from=STAGE] SOURCE… TARGET
    local from=. target
    case $1 in --from=*) from=$work/${1#--from=}; shift ;; esac
    target=${*: -1}
    case $target in /*) ;; *) target=$directory/$target ;; esac
    mkdir -p "$work/$stage$target"
    for source in "${@:1:$#-1}"; do
        if [ -d "$from/$source" ]; then cp -a "$from/$source/." "$work/$stage$target/"; else cp -a "$from/$source" "$work/$stage$target/"; fi
    done
}

in_place='' stage='' user='' directory=/ count=0 health='' entry='' arguments=''
while IFS= read -r line; do
    word=${line%% *} rest=${line#* }
    echo "==> ${line:0:110}"
    case $word in
        FROM)
            count=$((count + 1)) user='' directory=/
            stage=stage$count
            case $rest in *' AS '*) stage=${rest##* } ;; esac
            new_root "$stage"
            ;;
        RUN) inside sh -c "$rest" >"$work/log" 2>&1 || { tail -n 30 "$work/log"; exit 1; } ;;
        COPY) eval "copy $rest" ;;
        WORKDIR) directory=$rest; mkdir -p "$work/$stage$rest" ;;
        USER) user=$rest ;;
        HEALTHCHECK) health=${rest#*CMD } ;;
        ENTRYPOINT) entry=$rest ;;
        CMD) arguments=$rest ;;
        VOLUME | EXPOSE) ;;
        *) echo "docker-test: $word is not known here" >&2; exit 1 ;;
    esac
done < <(sed -e '/^#/d' -e ':a' -e '/\\$/N; s/\\\n */ /; ta' "$file" | grep .)

# A JSON array of strings as shell words; the image has no interpreter for it, so this uses the build's own node.
words() { node -e 'process.stdout.write(JSON.parse(process.argv[1]).map((w) => w + "\0").join(""))' "$1"; }
mapfile -d '' -t health_words < <(words "$health")
mapfile -d '' -t entry_words < <(words "$entry")
mapfile -d '' -t argument_words < <(words "$arguments")

echo "==> the image's command, as $user, with the sample data of an embedded backend"
for port in 9901 28443 28081; do
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "docker-test: port $port is in use here" >&2; exit 2; }
done
settings=(--set listen=127.0.0.1:28443 --set tls.certificate= --set tls.key= --set backend.url= --set backend.embedded=true
    --set backend.listen=127.0.0.1:28081 --set backend.ca_file= --set 'auth.issuers=[]' --set auth.signing_key=)
! inside test -w /usr || { echo "the user may write to /usr"; exit 1; }
inside "${entry_words[@]}" seed -c /usr/share/dragoman/conf/production.yaml "${settings[@]}"
(in_place='exec' && inside "${entry_words[@]}" "${argument_words[@]}" "${settings[@]}") & # exec: its pid is the program's
server=$!
for _ in $(seq 100); do
    if inside "${health_words[@]}" 2>/dev/null; then healthy=1; break; fi
    kill -0 "$server" || break
    sleep 0.2
done
[ -n "${healthy:-}" ] || { echo "not healthy"; exit 1; }
echo "==> healthy; as uid $(awk '/^Uid:/ { print $2 }' "/proc/$server/status")"
kill -TERM "$server"
wait "$server"
server=
! inside "${health_words[@]}" 2>/dev/null || { echo "still healthy after its end"; exit 1; }
echo "the steps of $file work; not run: the container engine itself, compose.yaml"
