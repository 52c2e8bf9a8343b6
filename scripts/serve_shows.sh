#!/bin/sh
# serve_shows.sh [WHAT...]: what is shown of `decant serve` and takes too long for `make test`; all of it, or some of: clients
# schema load lm-eval bench. Figures go to docs/log.md. Of the network it needs PyPI, npm and libllama's source.
set -eu
cd "$(dirname "$0")/.."
program=build/release/decant
llama=build/bench/llama.cpp/bin/llama-server
[ $# -gt 0 ] || set -- clients schema load lm-eval bench

# An environment of its own for each: NAME PACKAGE...
environment() {
  name=$1
  shift
  [ -x "build/$name/bin/python" ] || python3 -m venv "build/$name"
  "build/$name/bin/pip" install --quiet --disable-pip-version-check "$@"
}

for what in "$@"; do
  echo "== $what"
  case $what in
    clients)
      environment shows openai==2.54.0 langchain-openai==1.7.4 schemathesis==4.32.5
      build/shows/bin/python tests/server/langchain_check.py "$program"
      npm install --silent --no-audit --no-fund --prefix build/npm openai@7.57.0
      node tests/server/openai_check.mjs "$PWD/build/npm" "$program" build/models/smollm2-q4_0.gguf
      ;;
    schema)
      environment shows openai==2.54.0 langchain-openai==1.7.4 schemathesis==4.32.5
      build/shows/bin/python tests/server/schema_check.py "$program" 2000
      ;;
    load)
      DECANT_RAW_CASES=1000 DECANT_CLIENTS=1000 python3 tests/server/hostile_test.py "$program"
      DECANT_DISCONNECTS=1000 python3 tests/server/serve_test.py "$program" Endings
      ;;
    lm-eval)
      bench/set_up.sh llama.cpp
      environment harness "lm-eval[api]==0.4.13" datasets==3.6.0 accelerate torch transformers==4.55.4 gguf
      build/harness/bin/python tests/server/lm_eval_check.py "$program" "$llama"
      ;;
    bench)
      bench/set_up.sh llama.cpp
      python3 bench/serving.py "$program" "$llama"
      ;;
    *)
      echo "serve_shows: nothing is called $what" >&2
      exit 64
      ;;
  esac
done
