#!/usr/bin/env bash
# Reads a calendar file of `concerto terms --ics` with a parser that shares no code with Concerto (Python, the package icalendar).
#
#   packaging/check-calendar.sh     says so and goes on where the package cannot be installed
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/lib.sh
interop=conformance-tests/interop
venv=$concerto_target/venv-calendar

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$interop/requirements-calendar.txt"; then
  say "skipped: pip cannot install the packages of $interop/requirements-calendar.txt"
  exit 0
fi
cargo build --locked --bin concerto
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
"$concerto_program" terms --received 2026-12-02 --application 2026-12-01 --sensitive --seat roma --ics "$files/it.ics" --lang it >/dev/null
"$concerto_program" terms --received 2026-11-30 --sensitive --suspend 2026-12-10 --ics "$files/en.ics" --lang en >/dev/null
"$venv/bin/python" "$interop/check_calendar.py" "$files/it.ics" "$files/en.ics"
