#!/bin/sh
# Builds Concerto and runs its demonstration: five nodes, one conference (`make demo`).
#
#   packaging/demo.sh [ARGUMENTS of concerto demo]
set -eu
cd "$(dirname "$0")/.."
packaging/setup.sh demo
. packaging/lib.sh

say
say_build_time
started=$(date +%s)
cargo build --locked --bin concerto
say "Built in $((($(date +%s) - started) / 60)) min $((($(date +%s) - started) % 60)) s."
say
exec "$concerto_program" demo "$@"
