#!/bin/sh
# build.sh PRESET TARGET...: configures once and builds; says nothing when there is nothing to do.
set -eu
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
# Ask first, so that a build with nothing to do is silent and a real one shows Ninja's progress.
if ! ninja -C "$folder" -n "$@" 2>/dev/null | grep -q 'no work to do'; then
  echo "building $preset: $*" >&2
  ninja -C "$folder" "$@" >&2
fi
