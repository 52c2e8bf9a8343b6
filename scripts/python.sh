#!/bin/sh
# python.sh build: the Python module in build/release/python, made of the release build there.
# python.sh wheel: and a wheel of it in build/wheels.
# python.sh check: the tests of what is built; the wheel is installed into an environment of its own and used without a compiler.
# python.sh test: all of this.
set -eu
cd "$(dirname "$0")/.."
environment=$PWD/build/python

build() {
  [ -x "$environment/bin/python" ] || python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check nanobind==3.1.0 scikit-build-core==1.1.2 numpy packaging pytest==9.2.0 mypy==2.4.1 pandas nbclient==0.11.0 ipykernel==7.4.0
  scripts/build.sh test decant
  grep -q 'DECANT_PYTHON:BOOL=ON' build/release/CMakeCache.txt ||
    cmake -B build/release -DDECANT_PYTHON=ON "-DPython_EXECUTABLE=$environment/bin/python" > build/python.log 2>&1 || { tail -n 30 build/python.log >&2; exit 1; }
  scripts/build.sh test decant_python
}

# The same build folder, so that nothing is compiled twice.
wheel() {
  rm -rf build/wheels
  CC=cc CXX=c++ PATH=$environment/bin:$PATH "$environment/bin/pip" wheel . --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    -w build/wheels -C build-dir=build/release -C cmake.define.DECANT_TESTS=ON -C cmake.define.DECANT_BENCH=ON
}

check() {
  PYTHONPATH=$PWD/build/release/python "$environment/bin/python" -m pytest -q
  rm -rf build/fresh
  python3 -m venv build/fresh
  build/fresh/bin/pip install --quiet --disable-pip-version-check build/wheels/decant-*.whl
  fresh=$PWD/build/fresh/bin
  cd /
  env -i HOME="$HOME" PATH="$fresh" "$fresh/python" -c '
import decant, subprocess
model = decant.Model("smollm2", quiet=True)
text = model.generate("What is 2 + 2?", max_new_tokens=5).text
said = subprocess.run(["decant", "run", "--quiet", "-n", "5", "What is 2 + 2?"], capture_output=True, text=True, check=True).stdout
assert said == text + "\n", (said, text)
print("the wheel works:", repr(text))'
}

case $1 in
  build) build ;;
  wheel) build; wheel ;;
  check) check ;;
  test) build; wheel; check ;;
  *) echo "python.sh build|wheel|check|test" >&2 && exit 64 ;;
esac
