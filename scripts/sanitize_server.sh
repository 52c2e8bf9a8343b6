#!/bin/sh
# The whole program under ThreadSanitizer, libllama and ggml too, and the server's tests with it: what any thread of it does
# unordered beside another fails. A quarter of an hour; not in make test, which has the connections' and the engine's threads.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh test
scripts/test.sh environments
scripts/build.sh test make_test_models decant
scripts/test_models.sh
folder=build/server-tsan
cmake --preset tsan -B "$folder" -DDECANT_WITH_LLAMA=ON -DDECANT_TESTS=OFF -DDECANT_WERROR=OFF > "$folder.log" 2>&1 || { tail "$folder.log"; exit 1; }
ninja -C "$folder" decant
reports=$folder/reports
rm -rf "$reports"
mkdir "$reports"
export TSAN_OPTIONS="log_path=$PWD/$reports/report second_deadlock_stack=1"
failed=""
for each in serve tools llama_server hostile openai; do
  python=python3
  [ "$each" != openai ] || python=build/openai/bin/python
  "$python" "tests/server/${each}_test.py" "$folder/decant" || failed="$failed $each"
done
if [ -n "$(ls "$reports")" ]; then
  head -n 60 "$reports"/*
  failed="$failed ($(ls "$reports" | wc -l) processes with reports: $reports)"
fi
[ -z "$failed" ] || { echo "sanitize_server.sh:$failed" >&2; exit 1; }
