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
say "real models and golden files"
build/release/llama_test --gtest_brief=1
say "command line"
python3 tests/cli/run_test.py build/release/decant
python3 tests/cli/inspect_test.py build/release/decant
python3 tests/cli/beam_test.py build/release/decant

say "texts under 226 JSON schemas"
[ -x build/validator/bin/python ] || python3 -m venv build/validator
build/validator/bin/pip install --quiet --disable-pip-version-check "jsonschema[format-nongpl]==4.26.0"
build/validator/bin/python tests/grammar/schemas_test.py build/release/schema_texts build/models/smollm2-q4_0.gguf
build/validator/bin/python tests/grammar/beams_test.py build/release/schema_texts --beams build/models/smollm2-q4_0.gguf

say "web page"
scripts/web.sh

say "all tests passed"
