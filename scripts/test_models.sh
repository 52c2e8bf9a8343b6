#!/bin/sh
# Makes the test models from the default model, once.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/models
build/release/make_test_models build/models smollm2
