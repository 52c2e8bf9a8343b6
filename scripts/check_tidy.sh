#!/bin/sh
# check_tidy.sh [FOLDER...]: clang-tidy (.clang-tidy) over the C++ files of these folders, two at a time, as build/release
# compiles them. Four seconds of a processor a file: `make test` looks at src/engine, run, strategies and tree, two minutes
# on two cores; all: scripts/check_tidy.sh src cli. Intrinsics (src/kernels/*_avx*) are left out. GCC's compiled headers are
# left out too, which clang cannot read: so every file is also seen to name the headers it uses.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- src/engine src/run src/strategies src/tree
find "$@" -name '*.cpp' ! -name '*_avx*' | sort > build/tidy.list
mkdir -p build/tidy
sed 's/-Winvalid-pch -include [^ ]*cmake_pch.hxx//' build/release/compile_commands.json > build/tidy/compile_commands.json
if ! xargs -P 2 -n 1 clang-tidy-16 --quiet -p build/tidy < build/tidy.list > build/tidy.log 2>&1; then
  grep -A 3 -E '(warning|error):' build/tidy.log >&2
  exit 1
fi
echo "clang-tidy: $(wc -l < build/tidy.list) files, nothing to say"
