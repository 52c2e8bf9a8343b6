#!/bin/sh
# fuzz.sh [TARGET...]: the fuzzers of tests/fuzz, each for FUZZ_SECONDS (60) from its corpus. What a fuzzer finds it
# writes to build/fuzz/found, and the script fails; inputs that reach something new are kept in build/fuzz/corpus for the
# next time. A fault that was mended goes to tests/fuzz/corpus, which the tests replay.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- gguf options config yaml trace templates grammar schema utf8
targets=""
for each in "$@"; do targets="$targets fuzz_$each"; done
# shellcheck disable=SC2086
scripts/build.sh fuzz $targets
mkdir -p build/fuzz/found
failed=""
for each in "$@"; do
  mkdir -p "build/fuzz/corpus/$each"
  # Time, memory and depth of templates are bounded by a process of their own (decant probe), which is not here.
  more=""
  [ "$each" != templates ] || more="-fork=1 -ignore_timeouts=1 -ignore_ooms=1 -max_len=200"
  # shellcheck disable=SC2086
  if "build/fuzz/fuzz_$each" "build/fuzz/corpus/$each" "tests/fuzz/corpus/$each" -max_total_time="${FUZZ_SECONDS:-60}" \
      -max_len=4096 -timeout=10 -rss_limit_mb=1500 -artifact_prefix="build/fuzz/found/$each-" $more > "build/fuzz/$each.log" 2>&1; then
    echo "$each: nothing found; $(grep -E '^Done |^#[0-9]+' "build/fuzz/$each.log" | tail -n 1)"
  else
    tail -n 40 "build/fuzz/$each.log"
    failed="$failed $each"
  fi
done
[ -z "$failed" ] || { echo "found something:$failed" >&2; exit 1; }
