#!/usr/bin/env bash
# Tests the local API from outside, over loopback, with programs that know only its OpenAPI document.
#
#   packaging/api.sh [EXAMPLES]     EXAMPLES requests that schemathesis generates for each operation (8 unless set)
#
# Two nodes of a training federation are made and served. A Python program opens a conference and concludes it; then schemathesis sends
# generated requests, good and bad, and checks status, headers, media type and schema of every answer. schemathesis comes with pip
# into a virtual environment in the target folder, from conformance-tests/interop/requirements-api.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/lib.sh
examples=${1:-8}
interop=conformance-tests/interop
mkdir -p "$concerto_target"
venv=$(cd "$concerto_target" && pwd)/venv-api
work=$(mktemp -d "${TMPDIR:-/tmp}/concerto-api.XXXXXX")
pids=()

finish() {
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

# --- The environment, made again when the list of packages or Python changes.
stamp=$(cat "$interop/requirements-api.txt" <(python3 --version) | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$venv/stamp" 2>/dev/null || true)" != "$stamp" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$interop/requirements-api.txt"
  printf '%s\n' "$stamp" >"$venv/stamp"
fi

cargo build --locked --bin concerto

# --- Two nodes.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
concerto() { "$concerto_program" --lang en --format json "$@"; }
make_node() { # NAME WRITER TITLE
  concerto init "$work/$1" --writer "$2" --name "$3" --anchor "$work/anchor" --training \
    --listen "/ip4/127.0.0.1/tcp/$(free_port)" >/dev/null
  sed -i "s|^listen = \"\"|listen = \"127.0.0.1:$(free_port)\"|" "$work/$1/node.toml"
}
token() { # NAME SCOPES
  concerto --home "$work/$1" token add --label test --scope "$2" --days 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])'
}
serve() { # NAME
  # the program itself, not the function: its process id is what is stopped at the end
  "$concerto_program" --lang en --format json --home "$work/$1" serve >"$work/$1.ready" 2>"$work/$1.log" &
  pids+=($!)
  for _ in $(seq 300); do [ -s "$work/$1.ready" ] && return 0; sleep 0.1; done
  complain "the node $1 did not start:"
  cat "$work/$1.log" >&2
  return 1
}
address() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["api"])' "$work/$1.ready"; }

make_node lead r_marche/APITEST1 "Regione di prova"
make_node body c_b474/APITEST2 "Comune di prova"
for name in lead body; do cp "$work/anchor/federation.toml" "$work/$name/"; done
serve lead
serve body

# --- A client written from the document alone.
LEAD_TOKEN=$(token lead read,write,documents) BODY_TOKEN=$(token body read,write,documents) \
  python3 "$interop/conclude_from_openapi.py" "$(address lead)" "$(address body)" "$work/found.json"

# --- Generated requests. What the conference left is named in most of them, so that they get beyond "not found"; every run has a token of
# its own, and a run fails in which an operation never did its work. Left out: the endless stream of events; that every well-formed order
# succeeds, which the law prevents; and the phase that enumerates schemas for the two operations whose schema is that of all acts, where it
# does not come to an end. Revoking has a run of its own, in which nothing lists the run's own token.
victim=$(token lead read | cut -d _ -f 2)
python3 "$interop/generated_requests.py" prepare "$(address lead)" "$work/found.json" "$victim" "$work"
generate() { # NAME ARGUMENTS of schemathesis; it leaves its notes in the folder where it runs
  local name=$1 own
  shift
  own=$(token lead read,write,documents,admin)
  (cd "$work" && timeout 300 "$venv/bin/schemathesis" run openapi.json --url "$(address lead)" \
    --header "Authorization: Bearer $own" --exclude-path /v1/events --exclude-checks positive_data_acceptance \
    --request-timeout 20 --seed 1 --no-color --report-ndjson-path "$work/$name.ndjson" "$@")
  python3 "$interop/generated_requests.py" judge "$work/$name.ndjson"
}
generate fuzzing --phases examples,fuzzing --max-examples "$examples" --exclude-operation-id revokeToken
generate coverage --phases coverage --exclude-operation-id openConference --exclude-operation-id sendAct \
  --exclude-operation-id revokeToken
generate revoking --phases examples,fuzzing,coverage --max-examples "$examples" --include-operation-id revokeToken
grep -q panicked "$work/lead.log" && { cat "$work/lead.log" >&2; exit 1; }
say "OK: the API answers as its document says"
