#!/bin/sh
# Everything that must hold: the engine under four builds, the real models, the rules of the source.
set -eu
cd "$(dirname "$0")/.."
begin=$(date +%s)
say() { printf '\n== %s (%s s)\n' "$*" "$(($(date +%s) - begin))"; }

say "source rules"
git ls-files '*.cpp' '*.h' | xargs clang-format-16 --dry-run -Werror
python3 scripts/check_sources.py
python3 scripts/check_co_await.py src server tests recipes

# Tests that need one core run beside what comes next, one such job at a time; finish NAME waits for them and shows what they said.
jobs=""
beside() {
  name=$1
  shift
  "$@" > "build/$name.log" 2>&1 &
  eval "${name}_job=$!"
  jobs=$!
}
finish() {
  eval "job=\$${1}_job"
  if ! wait "$job"; then
    cat "build/$1.log"
    exit 1
  fi
  jobs=""
  tail -n 3 "build/$1.log"
}
trap 'kill $jobs 2>/dev/null || true' EXIT

# Under ASan and clang 20 of the 100 random cases; the release build runs all.
say "engine, asan"
scripts/build.sh asan engine_test
# The walk over all options and laws by thousands of texts take minutes there; the release build has them.
beside asan_test env RC_PARAMS="max_success=20" build/asan/engine_test --gtest_brief=1 --gtest_filter='-OptionsWalk.*:Speculative.*TheLawIsTheSame:SpeculativeLaw.*'
say "engine, clang: coroutines and threads (asan's tests beside it)"
scripts/build.sh clang core_test
RC_PARAMS="max_success=20" build/clang/core_test --gtest_brief=1 --gtest_filter='-OptionsWalk.*:Speculative.*TheLawIsTheSame:SpeculativeLaw.*'
finish asan_test

say "engine, tsan: 64 threads at once"
scripts/build.sh tsan thread_test
beside tsan_test build/tsan/thread_test --gtest_brief=1 --gtest_filter='Engine*:Company*:Bell*:Mailbox*'

say "release build"
scripts/build.sh test all
finish tsan_test
say "clang-tidy"
scripts/check_tidy.sh
say "test models"
scripts/test_models.sh

say "engine, release"
build/release/engine_test --gtest_brief=1
build/release/toy_test --gtest_brief=1
say "kernels"
build/release/kernels_test --gtest_brief=1
say "real models and golden files, meanwhile the command line"
beside llama_test build/release/llama_test --gtest_brief=1
python3 tests/cli/run_test.py build/release/decant
python3 tests/cli/terminal_test.py build/release/decant
python3 tests/cli/inspect_test.py build/release/decant
python3 tests/cli/beam_test.py build/release/decant
python3 tests/cli/compare_test.py build/release/decant
python3 tests/cli/sweep_test.py build/release/decant
python3 tests/cli/contrast_test.py build/release/decant
python3 tests/cli/bench_test.py build/release/decant
python3 tests/cli/models_test.py build/release/decant
python3 tests/cli/limits_test.py build/release/decant
python3 tests/server/serve_test.py build/release/decant
python3 tests/server/hostile_test.py build/release/decant
[ -x build/openai/bin/python ] || python3 -m venv build/openai
build/openai/bin/pip install --quiet --disable-pip-version-check "openai==2.54.0"
build/openai/bin/python tests/server/openai_test.py build/release/decant
python3 tests/hostile/hostile_test.py build/release/decant
python3 tests/hostile/models_test.py build/release/decant
python3 tests/zoo/context_test.py build/release/decant
python3 tests/strangers/strangers_test.py build/release/decant

say "installed: a program and recipes built against it"
python3 tests/install/install_test.py build/release

say "Python"
scripts/python.sh test

say "texts under 228 JSON schemas"
[ -x build/validator/bin/python ] || python3 -m venv build/validator
build/validator/bin/pip install --quiet --disable-pip-version-check "jsonschema[format-nongpl]==4.26.0"
build/validator/bin/python tests/schema/schemas_test.py build/release/schema_texts build/models/smollm2-q4_0.gguf
build/validator/bin/python tests/grammar/beams_test.py build/release/schema_texts --beams build/models/smollm2-f32.gguf

say "others' schemas and values: none that is invalid is taken, 95% of the valid strings of formats are"
python3 tests/strangers/acceptance.py build/release/schema_texts

say "real models and golden files"
finish llama_test

say "web page"
scripts/web.sh
node tests/server/page_test.mjs build/release/decant build/models/smollm2-q4_0.gguf

say "all tests passed"
