#!/bin/sh
# The engine on libllama under ThreadSanitizer: 500 random operations from 64 threads on the microscopic model. ggml and
# libllama are compiled with it too.
set -eu
cd "$(dirname "$0")/.."
folder=build/engine-thread
cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDECANT_SANITIZE=thread > "$folder.log" 2>&1 || { tail "$folder.log"; exit 1; }
ninja -C "$folder" engine_llama_test
"$folder/engine_llama_test" --gtest_brief=1
