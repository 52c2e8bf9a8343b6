#!/bin/sh
# Ratios between things that run in turn: see bench/*.cpp. Close other programs first.
set -eu
cd "$(dirname "$0")/.."
scripts/build.sh test run_bench chain_bench sampler_bench decant
build/release/run_bench build/models/smollm2-q4_0.gguf
echo
python3 bench/start_bench.py build/release/decant
echo
build/release/chain_bench --benchmark_min_time=0.2
echo
build/release/sampler_bench --benchmark_min_time=0.2
