#!/bin/sh
# The whole program under TSan, libllama and ggml built with it too, and the server's tests against it (minutes; a quarter of an hour to
# build). A report makes the server end with 66, which the tests see; all reports are in build/server-tsan/reports.*.
set -eu
cd "$(dirname "$0")/.."
folder=build/server-tsan
cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDECANT_SANITIZE=thread -DDECANT_TESTS=OFF > "$folder.log" 2>&1 || { tail "$folder.log"; exit 1; }
ninja -C "$folder" decant
rm -f "$folder"/reports.*
export TSAN_OPTIONS="log_path=$PWD/$folder/reports suppressions=$PWD/tests/server/tsan.supp"
export DECANT_DISCONNECTS=20 DECANT_CLIENTS=50 DECANT_RAW_CASES=50
failed=0
for each in serve hostile; do python3 "tests/server/${each}_test.py" "$folder/decant" || failed=1; done
for each in "$folder"/reports.*; do [ ! -e "$each" ] || { cat "$each"; failed=1; }; done
exit "$failed"
