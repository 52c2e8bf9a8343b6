#!/bin/sh
# Everything that must hold: the engine under four builds, the real models, the rules of the source.
set -eu
cd "$(dirname "$0")/.."
begin=$(date +%s)
say() { printf '\n== %s (%s s)\n' "$*" "$(($(date +%s) - begin))"; }

say "source rules"
python3 scripts/check_co_await.py src tests

for preset in asan clang; do
  say "engine, $preset"
  scripts/build.sh $preset engine_test
  RC_PARAMS="max_success=20" build/$preset/engine_test --gtest_brief=1  # the release build runs all random cases
done

say "release build"
scripts/build.sh test all
say "test models"
scripts/test_models.sh

say "engine, release"
build/release/engine_test --gtest_brief=1
say "real models and golden files, meanwhile the command line"
build/release/llama_test --gtest_brief=1 > build/llama_test.log 2>&1 &
models=$!
trap 'kill "$models" 2>/dev/null || true' EXIT
python3 tests/cli/run_test.py build/release/decant
python3 tests/cli/inspect_test.py build/release/decant
python3 tests/cli/beam_test.py build/release/decant
python3 tests/cli/compare_test.py build/release/decant
python3 tests/cli/sweep_test.py build/release/decant
python3 tests/cli/contrast_test.py build/release/decant

say "texts under 226 JSON schemas"
[ -x build/validator/bin/python ] || python3 -m venv build/validator
build/validator/bin/pip install --quiet --disable-pip-version-check "jsonschema[format-nongpl]==4.26.0"
build/validator/bin/python tests/grammar/schemas_test.py build/release/schema_texts build/models/smollm2-q4_0.gguf
build/validator/bin/python tests/grammar/beams_test.py build/release/schema_texts --beams build/models/smollm2-q4_0.gguf

say "real models and golden files"
if ! wait "$models"; then
  cat build/llama_test.log
  exit 1
fi
tail -n 3 build/llama_test.log
trap - EXIT

say "web page"
scripts/web.sh

say "all tests passed"
