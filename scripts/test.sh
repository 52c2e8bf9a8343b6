#!/bin/sh
# Everything that must hold: the engine by two compilers and under three sanitizers, the real models, the rules of the source.
# test.sh STAGE...: some stages alone, of what is built; each is a function below.
#
# Builds come one after the other and use all cores. Tests of what is built run beside them and beside each other, at most
# two at a time, the long ones first; build/test/STAGE.log has what each says.
set -eu
cd "$(dirname "$0")/.."
logs=build/test
mkdir -p "$logs"

# ---- the stages

sources() {
  git ls-files '*.cpp' '*.h' | xargs clang-format-16 --dry-run -Werror
  python3 scripts/check_sources.py
  python3 scripts/check_co_await.py src server tests recipes
}

# What others have made, for the tests in Python.
environments() {
  [ -x build/openai/bin/python ] || python3 -m venv build/openai
  build/openai/bin/pip install --quiet --disable-pip-version-check "openai==2.54.0"
  [ -x build/validator/bin/python ] || python3 -m venv build/validator
  build/validator/bin/pip install --quiet --disable-pip-version-check "jsonschema[format-nongpl]==4.26.0"
}

asan_build() { scripts/build.sh asan engine_test; }
tsan_build() { scripts/build.sh tsan thread_test http_test; }
# What the compiler warns of is an error, but not in the build itself, which users of other compilers have too.
release_build() {
  { scripts/build.sh test all 2>&1 || touch "$logs/no_build"; } | tee "$logs/compiler"
  [ ! -e "$logs/no_build" ] && ! grep -q 'warning:' "$logs/compiler"
}
python_build() { scripts/python.sh wheel; }
tidy() { scripts/check_tidy.sh; }

# Under sanitizers 10 of the 100 random cases. The walk over all options and laws by thousands of texts, which take minutes
# there, are the release build's.
sanitized() { RC_PARAMS="max_success=10" "$1" --gtest_brief=1 --gtest_filter='-OptionsWalk.*:*TheLawIsTheSame:*.TheLawOf*:*.ItsLaw*:*.DrawsFollowTheLaw:SpeculativeLaw.*:SamplingLaw.*'; }
asan() { sanitized build/asan/engine_test; }
tsan() {
  sanitized build/tsan/thread_test
  build/tsan/http_test --gtest_brief=1
}

engine() {
  build/release/engine_test --gtest_brief=1
  build/release/toy_test --gtest_brief=1
}
kernels() { build/release/kernels_test --gtest_brief=1; }
llama() { build/release/llama_test --gtest_brief=1; }

command_line() {
  for each in run terminal inspect beam compare sweep contrast bench models hub chat config interrupts limits; do
    python3 "tests/cli/${each}_test.py" build/release/decant
  done
}
server() {
  python3 tests/server/serve_test.py build/release/decant
  python3 tests/server/tools_test.py build/release/decant
  python3 tests/server/llama_server_test.py build/release/decant
  python3 tests/server/hostile_test.py build/release/decant
  build/openai/bin/python tests/server/openai_test.py build/release/decant
}
hostile() {
  python3 tests/hostile/hostile_test.py build/release/decant
  python3 tests/hostile/models_test.py build/release/decant
}
# Into a folder of its own, and programs and recipes that are built against that.
installed() { python3 tests/install/install_test.py build/release; }
docs() { python3 tests/docs/docs_test.py build/release/decant; }
context() { python3 tests/zoo/context_test.py build/release/decant; }
strangers() { python3 tests/strangers/strangers_test.py build/release/decant; }
python() { scripts/python.sh check; }

# Texts under 228 JSON schemas; and others' schemas and values: none that is invalid is taken, 95% of the valid strings of
# formats are.
schemas() {
  build/validator/bin/python tests/schema/schemas_test.py build/release/schema_texts build/models/smollm2-q4_0.gguf
  build/validator/bin/python tests/grammar/beams_test.py build/release/schema_texts --beams build/models/smollm2-f32.gguf
  python3 tests/strangers/acceptance.py build/release/schema_texts
}
web() {
  scripts/web.sh
  node tests/server/page_test.mjs build/release/decant build/models/smollm2-q4_0.gguf
}

if [ $# -gt 0 ]; then
  for stage in "$@"; do "$stage"; done
  exit
fi

# ---- the jobs
#
# A job is a stage in a session of its own, so that all it started can be ended with it, and with signals as a terminal's
# foreground has them: a shell's background ignores SIGINT. `running` are the names of those not known to have ended.

begin=$(date +%s)
running=""
say() { printf '\n== %s (%s s)\n' "$*" "$(($(date +%s) - begin))"; }

start() {
  DECANT_TEST_RUN=$$ setsid env --default-signal=INT,QUIT scripts/test.sh "$1" 2>&1 < /dev/null &
  eval "job_$1=$! begun_$1=$(date +%s)"
  running="$running $1"
}

is_alive() { # a process that has ended and was not waited for is a zombie
  read -r _ _ state _ < "/proc/$1/stat" && [ "$state" != Z ]
} 2> /dev/null

# Looks which jobs have ended. The first that failed ends everything.
look() {
  left=""
  for name in $running; do
    eval "job=\$job_$name begun=\$begun_$name"
    if is_alive "$job"; then
      left="$left $name"
      continue
    fi
    status=0
    wait "$job" || status=$?
    log=$logs/$name.log
    if [ "$status" != 0 ]; then
      [ ! -f "$log" ] || cat "$log"
      say "$name failed: status $status"
      exit 1
    fi
    say "$name passed: $(($(date +%s) - begun)) s"
    [ ! -f "$log" ] || tail -n 3 "$log"
  done
  running=$left
}

# Until fewer than so many jobs are running.
await_fewer() {
  look
  # shellcheck disable=SC2086
  while set -- "$1" $running; [ $# -gt "$1" ]; do
    sleep 0.2
    look
  done
}

# A stage whose output is shown as it comes, and for which everything waits; tests go on beside it.
now() {
  say "$1"
  start "$1"
  while is_alive "$(eval "echo \$job_$1")"; do
    sleep 0.2
    look
  done
  look
}

# A stage beside what comes next.
beside() {
  await_fewer 2
  start "$1" > "$logs/$1.log"
}

# Ends what is still running, and whatever it started, in whichever session; the variable marks it.
end_all() {
  for name in $running; do eval "kill -- -\$job_$name 2> /dev/null" || true; done
  [ -z "$running" ] || sleep 0.5
  for each in $(grep -lzsx "DECANT_TEST_RUN=$$" /proc/[0-9]*/environ | cut -d/ -f3); do kill -9 "$each" 2> /dev/null || true; done
}
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the order

rm -f "$logs"/*
now sources
beside environments
now asan_build
beside asan
now tsan_build
beside tsan
now release_build
now python_build
now tidy
say "test models"
scripts/test_models.sh

say "tests"
for stage in llama web command_line installed engine python schemas hostile server strangers docs context kernels; do beside "$stage"; done
await_fewer 1
say "all tests passed"
