#!/bin/sh
# set_up.sh llama.cpp|python: brings the peers of bench.py into build/bench, once; each says its last lines when it fails.
#   llama.cpp   its tools, from the source that libllama is built from, as its authors configure them (about 10 minutes)
#   python      an environment with the packages of requirements.txt (about 1.5 GB, more where torch brings CUDA along)
set -eu
cd "$(dirname "$0")/.."
home=build/bench
log=$home/$1.log
mkdir -p "$home"
quietly() {
  "$@" >"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    exit 1
  }
}

case $1 in
  llama.cpp)
    source=$(ls -d build/deps/llama.cpp-* 2>/dev/null | grep -v partial | tail -n 1)
    [ -n "$source" ] || { echo "no source in build/deps: make build fetches it" >&2; exit 1; }
    folder=$home/llama.cpp
    [ -f "$folder/build.ninja" ] || {
      echo "building llama.cpp's tools in $folder" >&2
      quietly cmake -S "$source" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF
    }
    quietly ninja -C "$folder" -j "${JOBS:-2}" llama-batched-bench llama-bench llama-lookup llama-speculative-simple llama-server
    ;;
  python)
    stamp=$home/installed
    cmp -s bench/requirements.txt "$stamp" && exit
    echo "installing the packages of bench/requirements.txt in $home" >&2
    [ -x "$home/bin/pip" ] || quietly python3 -m venv "$home"
    quietly "$home/bin/pip" install --disable-pip-version-check -r bench/requirements.txt
    rm -f "$stamp"
    cp bench/requirements.txt "$stamp"
    ;;
  *)
    echo "set_up.sh: llama.cpp or python, not $1" >&2
    exit 64
    ;;
esac
