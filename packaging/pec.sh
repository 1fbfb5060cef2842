#!/usr/bin/env bash
# Tests the mailbox adapter, and a node that works a mailbox, against PEC providers that are real as far as programs can be: Postfix, Dovecot, OpenSSL and swaks, with the program
# of conformance-tests/pec-provider between them. All on loopback, in a folder of its own, stopped by process ids.
#
#   packaging/pec.sh [MAILS]     MAILS in the mailbox that is caught up (5,000 unless set; 100,000 with CONCERTO_EFFORT=full)
#
# Postfix wants root: this runs as root, or with a sudo that asks nothing. Where neither is given it says that nothing was tested; in CI it fails (4).
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/lib.sh
mails=5000
[ "${CONCERTO_EFFORT:-ci}" != full ] || mails=100000
mails=${1:-$mails}

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  [ "${CI:-}" != true ] || { complain "Postfix wants root: CI runs as root, or with a sudo that asks nothing."; exit 4; }
  say "NOT TESTED HERE: the mailbox against a PEC provider. Postfix wants root: run packaging/pec.sh as root, or allow sudo without a question."
  exit 0
fi

# The test programs, built with the features of the whole workspace, as all others are.
executable() {
  cargo test --workspace --locked --test "$1" --no-run --message-format json | python3 -c '
import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("executable") and made.get("target", {}).get("name") == sys.argv[1]:
        print(made["executable"])' "$1"
}
tests=$(executable provider)
node_tests=$(executable mailbox)
cargo build --workspace --locked --bin concerto

work=$(mktemp -d "${TMPDIR:-/tmp}/concerto-pec.XXXXXX")
provider=
finish() {
  status=$?
  [ -z "$provider" ] || "${as_root[@]}" kill -TERM "$provider" 2>/dev/null || true
  wait 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    for log in provider.log postfix.log dovecot.log postfix.start.log; do
      complain "== the end of $log"
      "${as_root[@]}" tail -n 30 "$work/$log" >&2 || true
    done
  fi
  "${as_root[@]}" rm -rf "$work"
}
trap finish EXIT

"${as_root[@]}" python3 conformance-tests/pec-provider/pec_provider.py serve "$work" >"$work/ready" 2>"$work/errors" &
started=$!
for _ in $(seq 600); do
  [ ! -s "$work/ready" ] || break
  kill -0 "$started" 2>/dev/null || break
  sleep 0.1
done
if [ ! -s "$work/ready" ]; then
  complain "the PEC provider did not start:"
  cat "$work/errors" >&2
  exit 1
fi
provider=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pid"])' "$work/ready")

# The node first: its clock is the machine's, and what the others let pass would lie in its future.
"${as_root[@]}" env CONCERTO_PEC_PROVIDER="$work" CONCERTO_PROGRAM="$concerto_program" "$node_tests" --ignored --nocapture

# One after the other: they share virtual time. The one that measures memory has a process of its own.
run() { "${as_root[@]}" env CONCERTO_PEC_PROVIDER="$work" CONCERTO_PEC_MAILS="$mails" "$tests" --ignored --test-threads=1 --nocapture "$@"; }
run --skip catch_up
run catch_up
say "OK: the mailbox adapter, and a node with a mailbox, against the PEC provider"
