# A thin front door to CMake: `make run PROMPT="..."` and `make test` do all their own set-up.
# `make run` samples, because greedy prose of a small model runs in circles; ARGS= is greedy, ARGS="..." anything else.
.PHONY: run build install test test-models bench bench-rows fuzz setup setup-test clean

PROMPT ?= The lighthouse keeper wrote
ARGS ?= --temperature 0.8 --top-p 0.95
export PROMPT

run: build
	@build/release/decant run $(ARGS) -- "$$PROMPT"

# The release build; a second `make` compiles nothing and prints nothing.
build: setup
	@scripts/build.sh release decant

# Program, man pages, completions, library, headers and CMake package: make install PREFIX=/usr/local DESTDIR=
PREFIX ?= /usr/local
install: setup
	@scripts/build.sh release installable
	@for component in program library development; do cmake --install build/release --prefix "$(PREFIX)" --component $$component --strip; done

test: setup-test
	@scripts/test.sh

# F32, Q8_0, Q4_0 and Q4_K_M versions of the default model, and a microscopic random one, in build/models.
test-models: setup-test
	@scripts/build.sh test make_test_models decant
	@scripts/test_models.sh

# ROUNDS=3 PEERS=decant,llama.cpp: fewer rounds, fewer engines.
ROUNDS ?= 3
bench: test-models
	@scripts/bench.sh
	@python3 bench/bench.py --rounds $(ROUNDS) $(if $(PEERS),--peers $(PEERS))
	@scripts/build.sh test company_bench
	@build/release/make_test_models build/models smollm2 f16 padded
	@python3 bench/speculation.py --repeats $(ROUNDS)

# Our kernels beside ggml's, for a file of each type.
bench-rows: test-models
	@build/release/make_test_models build/models smollm2 all
	@python3 bench/rows_bench.py --rounds $(ROUNDS) $(wildcard build/models/smollm2-*.gguf)

# Each fuzzer for a minute, or FUZZ_SECONDS=N; what it finds is in build/fuzz/found. TARGETS="utf8 yaml": these alone.
fuzz: setup-test
	@scripts/fuzz.sh $(TARGETS)

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

clean:
	rm -rf build
