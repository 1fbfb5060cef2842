#!/usr/bin/env bash
# Verifies exports with a program that shares no code with Concerto: Python and a public JOSE library.
#
#   packaging/verify-export.sh [FOLDER...]     without folders: the verifier's own tests, then every export under
#                                              conformance-tests/frozen and that of the last demo, where it left one
#
# The library comes with pip into a virtual environment in the target folder, from the list in
# conformance-tests/interop/requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/lib.sh
interop=conformance-tests/interop
venv=$concerto_target/venv

# --- The environment, made again when the list of packages or Python changes.
stamp=$(cat "$interop/requirements.txt" <(python3 --version) | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$venv/stamp" 2>/dev/null || true)" != "$stamp" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$interop/requirements.txt"
  printf '%s\n' "$stamp" >"$venv/stamp"
fi

exports=("$@")
if [ $# -eq 0 ]; then
  "$venv/bin/python" -m unittest discover --start-directory "$interop" --top-level-directory "$interop"
fi
if [ $# -eq 0 ]; then
  for folder in conformance-tests/frozen/*/export "$concerto_target"/demo/export; do
    [ ! -d "$folder" ] || exports+=("$folder")
  done
fi
if [ ${#exports[@]} -eq 0 ]; then
  complain "There is no export to verify: run the demo first, or name the folder of an export."
  exit 1
fi
for folder in "${exports[@]}"; do
  "$venv/bin/python" "$interop/verify_export.py" "$folder"
done
