#!/bin/sh
# Measures Concerto with the release profile and prints the numbers (`make bench`).
set -eu
cd "$(dirname "$0")/.."
packaging/setup.sh demo
. packaging/lib.sh
# The program that measures, a binary of the conformance tests.
bench=${CONCERTO_BENCH:-concerto-bench}

say "Building with the release profile: the first time takes about 15 minutes on 2 cores."
cargo build --release --locked --bin concerto --bin "$bench"
exec "$concerto_target/release/$bench" "$@"
