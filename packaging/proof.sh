#!/usr/bin/env bash
# The slow proofs with their full counts (`make proof`); the record goes to target/proof/<UTC date>.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
packaging/setup.sh test
. packaging/lib.sh
export CONCERTO_EFFORT=full
record=$concerto_target/proof/$(date -u +%Y-%m-%dT%H%M%SZ).txt
mkdir -p "$(dirname "$record")"
{
  say "Proof of Concerto with CONCERTO_EFFORT=$CONCERTO_EFFORT, begun $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  say "commit: $(git rev-parse HEAD)$(git diff --quiet HEAD || say ' with local changes')"
  say_versions
  say "processor: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
  say
} | tee "$record"
say_build_time
if cargo nextest --version >/dev/null 2>&1; then
  command=(cargo nextest run --workspace --locked --success-output final)
else
  command=(cargo test --workspace --locked --lib --bins --tests -- --show-output)
fi
status=0
"${command[@]}" 2>&1 | tee -a "$record" || status=$?
say "ended $(date -u +%Y-%m-%dT%H:%M:%SZ) with exit code $status" | tee -a "$record"
say "record: $record"
exit "$status"
