#!/bin/bash
# build.sh PRESET TARGET...: configures once and builds; says nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
folder=build/$preset
[ "$preset" != test ] || folder=build/release
mkdir -p build
log=build/$preset.log
# The test preset adds to the release one in the same folder, so it serves both.
if [ ! -f "$folder/.preset-$preset" ] && ! { [ "$preset" = release ] && [ -f "$folder/.preset-test" ]; }; then
  echo "configuring $preset" >&2
  cmake --preset "$preset" >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
  touch "$folder/.preset-$preset"
fi
{ ninja -C "$folder" "$@" || touch "$folder/.failed"; } |
  grep --line-buffered -v -e 'no work to do' -e 'Entering directory' -e 'Re-checking globbed' >&2 || true
if [ -e "$folder/.failed" ]; then
  rm -f "$folder/.failed"
  exit 1
fi
