#!/bin/sh
# The kernels' tests, and those of models that load and run at the same time, under ASan with UBSan, and under TSan;
# libllama, ggml and its thread pool are compiled with them too.
set -eu
cd "$(dirname "$0")/.."
for sanitizer in address,undefined thread; do
  folder=build/kernels-${sanitizer%%,*}
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDECANT_SANITIZE="$sanitizer" > "$folder.log" 2>&1 || { tail "$folder.log"; exit 1; }
  ninja -C "$folder" kernels_test concurrency_test
  "$folder/kernels_test" --gtest_brief=1
  "$folder/concurrency_test" --gtest_brief=1
done
