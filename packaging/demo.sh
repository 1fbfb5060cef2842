#!/bin/sh
# Builds Concerto and runs its demonstration: five nodes, one conference (`make demo`).
#
#   packaging/demo.sh [ARGUMENTS of concerto demo]     without --folder it works in the target folder, emptied before
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
case " $* " in
  *" --folder"*) ;;
  *)
    rm -rf "$concerto_target/demo"
    set -- --folder "$concerto_target/demo" "$@"
    ;;
esac
exec "$concerto_program" demo "$@"
