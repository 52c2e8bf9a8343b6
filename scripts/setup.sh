#!/bin/sh
# setup.sh run|test: installs the system packages that building (and testing) needs, or says which are missing.
set -eu
packages="cmake ninja-build g++ python3 python3-pip python3-venv libcli11-dev libfmt-dev libyaml-cpp-dev nlohmann-json3-dev libboost1.81-dev libssl-dev libcurl4-openssl-dev libedit-dev"
if [ "$1" = test ]; then
  packages="$packages clang-16 libclang-rt-16-dev clang-format-16 clang-tidy-16 libgtest-dev librapidcheck-dev libbenchmark-dev chromium python3-dev openssl mandoc curl"
  command -v node >/dev/null || packages="$packages nodejs"
  command -v npm >/dev/null || packages="$packages npm"
fi

# Measured: 360 s of a processor for compiling, a third more for an older one, and a minute for what is fetched.
if [ "$1" = run ] && [ ! -x build/release/decant ]; then
  echo "The first time takes about $((1 + (480 / $(nproc) + 30) / 60)) minutes on $(nproc) cores: packages, libllama's source, compiling, a model." >&2
fi

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not a Debian system: install the counterparts of $packages, then run cmake --preset $1" >&2
  exit 69
fi
missing=""
for package in $packages; do
  installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
installed ccache || missing="$missing ccache"  # comes along; nobody is asked for it, and nothing needs it

if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root="sudo"
else
  echo "setup: packages are missing and only root can install them: apt-get install$missing" >&2
  exit 69
fi
echo "setup: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >&2
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
