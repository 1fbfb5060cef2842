#!/usr/bin/env bash
# Freezes what this version writes: a small case, played and kept for every later version to open, verify and go on with.
#
#   packaging/freeze.sh VERSION     as `packaging/freeze.sh v0.1.0`, before that version is tagged
#
# Writes conformance-tests/frozen/VERSION, replacing what an earlier call left there. The case is conformance-tests/frozen/case.toml.
# A version that is tagged is released: its frozen data never changes again.
#
# Exit codes: 0 frozen, 1 the case could not be played or copied whole, 2 wrong usage, 6 the version is tagged, 7 more than 2 MiB.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-}
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "usage: packaging/freeze.sh vX.Y.Z" >&2; exit 2; }
packaging/setup.sh test
. packaging/lib.sh
bytes_max=$((2 * 1024 * 1024))
frozen=conformance-tests/frozen
if git rev-parse --quiet --verify "refs/tags/$version" >/dev/null; then
  complain "$version is tagged: what it froze stays as it is."
  exit 6
fi

say_build_time
cargo build --locked --bin concerto
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$concerto_program" --lang it --format json demo --case "$frozen/case.toml" --documents "$frozen/documents" \
  --folder "$work/played" >"$work/result.json"
mv "$work/result.json" "$work/played/result.json"

# --- The copy: what a node needs, without what only a running one has.
for node in "$work"/played/nodes/*; do
  if [ -s "$node/journal.sqlite-wal" ] || [ -e "$node/control.sock" ]; then
    complain "$node did not stop cleanly."
    exit 1
  fi
  kept=$work/frozen/nodes/${node##*/}
  mkdir -p "$kept"
  cp -R "$node/node.toml" "$node/federation.toml" "$node/keys" "$node/journal.sqlite" "$node/documents" "$kept"
  rm -rf "$kept/documents/lock" "$kept/documents/incoming"
  # a path of this machine there, the place of the clock in the copy here
  printf '../../clock\n' >"$kept/virtual-clock"
done
cp "$work/played/clock" "$work/frozen/clock"
cp -R "$work/played/export" "$work/frozen/export"
cat >"$work/frozen/README.md" <<TEXT
# What Concerto $version froze

Made by \`packaging/freeze.sh $version\`; \`../README.md\` says what it is for and what each file is. Do not change anything here.

The keys in \`nodes/*/keys\` are public test data: they belong to a training federation made for this case, nobody else trusts them, and
they protect nothing.
TEXT
find "$work/frozen" -type d -empty -delete
chmod -R u=rwX,go=rX "$work/frozen"
python3 "$frozen/record.py" "$concerto_program" "$work/played" "$work/frozen"

if grep -rIlF "$work" "$work/frozen"; then
  complain "These files name a folder of this machine."
  exit 1
fi
bytes=$(find "$work/frozen" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
if [ "$bytes" -gt "$bytes_max" ]; then
  complain "The frozen data has $bytes bytes, more than $bytes_max."
  exit 7
fi
rm -rf "${frozen:?}/$version"
mv "$work/frozen" "$frozen/$version"
say "$frozen/$version: $bytes bytes in $(find "$frozen/$version" -type f | wc -l) files. To prove it: cargo nextest run -p concerto --test frozen"
