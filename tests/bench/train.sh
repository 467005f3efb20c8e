#!/usr/bin/env bash
# train.sh PROGRAM: what a program that records its own running (DRAGOMAN_PROFILE=record) is run with, so that the compiler knows
# what to make quick: reads, lists and writes of every dialect through the embedded backend, and what clients get wrong.
# Nothing but bash, so that the image's build stage can do it.
set -euo pipefail
export LC_ALL=C # lengths are bytes
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
listen=$((20000 + RANDOM % 12000))
while taken "$listen" || taken $((listen + 1)) || taken $((listen + 2)); do listen=$((listen + 3)); done
settings=(-c conf/dragoman.yaml --set "state_dir=$dir/state" --set "listen=127.0.0.1:$listen" --set "admin.listen=127.0.0.1:$((listen + 1))"
    --set "backend.listen=127.0.0.1:$((listen + 2))" --set "log.access=$dir/access.log" --set workers=1 --set mappings=mappings)

# COUNT HEAD [BODY]: the same request so often, on one connection; $dir/answers has what came back.
send() {
    local count=$1 head=$2 body=${3-} text
    [ -z "$body" ] || head+=$'\r\n'"content-length: ${#body}"
    text=$head$'\r\nhost: localhost\r\n\r\n'$body
    exec 3<>"/dev/tcp/127.0.0.1/$listen"
    timeout 120 cat <&3 >"$dir/answers" &
    local reader=$!
    for ((i = 1; i < count; i++)); do printf %s "$text"; done >&3
    printf '%s' "$head"$'\r\nconnection: close\r\nhost: localhost\r\n\r\n'"$body" >&3
    wait "$reader"
    exec 3>&-
}

# As send, and every answer must have the status.
expect() {
    local status=$1 good
    shift
    send "$@"
    good=$({ grep -ao "HTTP/1.1 $status " "$dir/answers" || true; } | wc -l)
    [ "$good" = "$1" ] && return
    echo "train.sh: $good of $1 answers were $status: ${2%% HTTP*}" >&2
    head -c 2000 "$dir/answers" >&2
    exit 1
}

"$program" seed "${settings[@]}" >/dev/null
token() { "$program" token --dialect "$1" "${settings[@]}"; }
general=$(token general) twine=$(token twine) patient_graph=$(token patient-graph) fhir=$(token fhir)
"$program" serve "${settings[@]}" >"$dir/log" 2>&1 &
server=$!
trap 'kill -KILL $server 2>/dev/null || true; cat "$dir/log" >&2; rm -rf "$dir"' EXIT
for ((i = 0; i < 600; i++)); do
    ! taken "$listen" || break
    kill -0 "$server"
    sleep 0.1 # up to a minute
done

json=$'\r\ncontent-type: application/json'
as_general=$'HTTP/1.1\r\nx-user-token: '$general
as_twine=$'HTTP/1.1\r\nauthorization: Bearer '$twine
as_graph=$'HTTP/1.1\r\nauthorization: Bearer '$patient_graph
as_fhir=$'HTTP/1.1\r\nauthorization: Bearer '$fhir
patient='{"patient":{"first_name":"Marta","last_name":"Øre","date_of_birth":"1971-02-28","gender":"female","phone":"+45 33 12 34 56","address":{"street":"Strandvejen 1","city":"Svendborg","state":"FY","zip_code":"5700"}}}'
metric() { echo '{"type":"patient_health_metric","attributes":{"code":{"system":"LOINC","value":"29463-7"},"type":"weight","occurred_at":"2021-07-0'"$1"'T06:30:00.000Z","value":"6'"$1"'.5","unit":"kg"},"relationships":{"patient":{"data":{"type":"patient","meta":{"query":{"identifier":{"system":"medical-record-number","value":"121212"},"organization":"58c4554710123c5c40dbab81"}}}}}}'; }
many=$(for i in 1 2 3 4 5 6 7 8 9; do metric "$i"; done | paste -sd,)

expect 201 60 "POST /v1/patients $as_general$json" "$patient"
expect 200 12 "POST /pub/patient_health_metric $as_twine"$'\r\ncontent-type: application/vnd.api+json' "{\"data\":[$many]}"
expect 200 3000 "GET /v1/patients/1049 $as_general"
expect 200 300 "GET /v1/patients $as_general"
expect 200 300 "GET /v1/patients/1049/gauges $as_general"
expect 201 600 "POST /v1/patients $as_general$json" "$patient"
expect 200 600 "PUT /v1/patients/1049 $as_general$json" "$patient"
expect 200 300 "GET /pub/patient?filter[organization]=58c4554710123c5c40dbab81&page[size]=50 $as_twine"
expect 200 60 "POST /pub/patient_health_metric $as_twine"$'\r\ncontent-type: application/vnd.api+json' "{\"data\":[$many]}"
expect 200 300 "GET /v1/patients?brand_id=acme $as_graph"
[[ $(<"$dir/answers") =~ \"id\":\"([^\"]*)\"[^{}]*\{[^{}]*121212 ]]
id=${BASH_REMATCH[1]}
expect 200 600 "GET /v1/patients/$id $as_graph"
expect 200 300 "GET /v1/patients/$id/metrics/weight $as_graph"
expect 200 300 "GET /fhir/Patient?identifier=medical-record-number%7C121212 $as_fhir"
expect 401 300 "GET /v1/patients/1049 HTTP/1.1"$'\r\nx-user-token: nobody'
expect 404 300 "GET /v1/patients/4711 $as_general"
expect 422 100 "POST /v1/patients $as_general$json" '{"patient":{"first_name":7}}'
expect 400 100 "POST /v1/patients $as_general$json" '{"patient":'

kill -TERM "$server"
wait "$server"
trap 'rm -rf "$dir"' EXIT
