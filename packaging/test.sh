#!/usr/bin/env bash
# All checks of the repository, one after the other, with the minutes of each (`make test`, and CI through .ci/run).
#
#   packaging/test.sh [PART...]     without parts: all of them, in the order below; stops at the first that fails
#
# CONCERTO_EFFORT=ci|full sets the counts of the property tests (ci unless set).
set -euo pipefail
cd "$(dirname "$0")/.."
all_parts=(format lints tidy tests doc-tests vectors calendar demo verifier api pec)
parts=("$@")
[ $# -gt 0 ] || parts=("${all_parts[@]}")
packaging/setup.sh test
. packaging/lib.sh
export CONCERTO_EFFORT=${CONCERTO_EFFORT:-ci}
logs=$concerto_target/test-logs
mkdir -p "$logs"

# --- The parts. All build with the dev profile in one target folder; only clippy keeps artefacts of its own.
part_format() { cargo fmt --all --check; }
part_lints() { cargo clippy --workspace --all-targets --locked -- -D warnings; }
# By --bin, not -p: so features are those of the whole workspace and nothing is built twice.
part_tidy() { cargo run --quiet --locked --bin concerto-xtask -- tidy; }
part_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked 2>&1 | tee "$logs/tests.txt"
  else
    cargo test --workspace --locked --lib --bins --tests 2>&1 | tee "$logs/tests.txt"
  fi
  # how often a node was killed at each place
  cat "$concerto_target"/tmp/killed-*.txt 2>/dev/null || true
  # what the hostile peers tried, under which code it was refused, and what it cost the others
  cat "$concerto_target"/tmp/hostile-*.txt 2>/dev/null || true
}
part_doc-tests() { cargo test --workspace --doc --locked; }
# The dates of the law against the jurists' vectors: the matrix, and each constant changed by one step.
part_vectors() { cargo run --quiet --locked --bin concerto-vectors | tee "$logs/vectors.txt"; }
part_calendar() { packaging/check-calendar.sh; }
part_demo() {
  cargo build --locked --bin concerto
  rm -rf "$concerto_target/demo"
  "$concerto_program" demo --folder "$concerto_target/demo"
}
part_verifier() { packaging/verify-export.sh; }
part_api() { packaging/api.sh; }
part_pec() { packaging/pec.sh; }

minutes() { awk -v seconds="$1" 'BEGIN { printf "%.1f", seconds / 60 }'; }

# The line that closes the report of the tests.
closing_line() {
  [ -f "$logs/tests.txt" ] || return 0
  if grep -q '^ *Summary \[' "$logs/tests.txt"; then
    grep '^ *Summary \[' "$logs/tests.txt" | tail -n 1
  else
    awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
      END { printf "test result: %d passed; %d failed; %d ignored\n", passed, failed, ignored }' "$logs/tests.txt"
  fi
}

table=
summary() { # RESULT
  printf '\n%-12s %8s  %s\n%s%-12s %8s  %s\n' part minutes result "$table" all "$(minutes $SECONDS)" "$1"
  closing_line
}

say_versions
say_build_time
rm -f "$logs/tests.txt"
for part in "${parts[@]}"; do
  declare -F "part_$part" >/dev/null || { complain "no part $part; there are: ${all_parts[*]}"; exit 2; }
  printf '\n== %s\n' "$part"
  begun=$SECONDS
  status=0
  # In a shell of its own, where the first failing command ends the part.
  set +e
  (set -e; "part_$part")
  status=$?
  set -e
  spent=$(minutes $((SECONDS - begun)))
  result=good
  [ "$status" -eq 0 ] || result="FAILED (exit code $status)"
  printf '== %s: %s, %s min\n' "$part" "$result" "$spent"
  table+=$(printf '%-12s %8s  %s' "$part" "$spent" "$result")$'\n'
  if [ "$status" -ne 0 ]; then
    summary "FAILED at the part $part"
    exit 1
  fi
done
summary good
