#!/bin/sh
# The Python module under AddressSanitizer, with the engine, the runs and the tree below it (libllama, strategies and processors are those of
# the release build): recipes and callables that do wrong, streams that are dropped, arrays that are kept. Some minutes; not in make test.
set -eu
cd "$(dirname "$0")/.."
scripts/python.sh build
scripts/build.sh test decant_python_asan
package=build/release/python_asan/decant
for file in build/release/python/decant/*; do
  case $file in *_core.*.so) ;; *) ln -sfn "$PWD/$file" "$package/$(basename "$file")" ;; esac
done
# Containers are filled on both sides of the fence, so their annotations are not; what Python itself keeps is no leak.
export ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0 PYTHONMALLOC=malloc
# What it starts (the child that renders a chat template) goes without.
LD_PRELOAD="$(c++ -print-file-name=libasan.so) $(c++ -print-file-name=libstdc++.so)" PYTHONPATH=build/release/python_asan \
  build/python/bin/python -c 'import os, sys; os.environ.pop("LD_PRELOAD"); import pytest; sys.exit(pytest.main(sys.argv[1:]))' \
  -q -p no:cacheprovider tests/python/recipes_test.py tests/python/callables_test.py tests/python/model_test.py \
  -k "not control_c and not the_seeds and not short_calls and not at_the_end" "$@"
