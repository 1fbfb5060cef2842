#!/bin/sh
# Measures Concerto with the release profile and prints the numbers (`make bench`).
#
#   packaging/bench.sh [ARGUMENTS of concerto-bench, --help lists them]     exit code 1 if a target is missed
set -eu
cd "$(dirname "$0")/.."
packaging/setup.sh demo
. packaging/lib.sh

say "Building with the release profile: the first time takes about 15 minutes on 2 cores."
cargo build --release --locked --bin concerto --bin concerto-bench
exec "$concerto_target/release/concerto-bench" "$@"
