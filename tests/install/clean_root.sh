#!/bin/bash
# clean_root.sh STEP...|all: an empty Debian 12, and in it what README and docs/install.md tell a new user to do.
# All steps come in this order, each builds on those before. The clone is HEAD's. Needs root, debootstrap, the packages of Debian
# and PyPI; 6 GB in build/clean_root. DEBIAN_MIRROR: another one than debootstrap's.
#
#   setup     README's first line: git, make, g++, python3; a user with sudo; a clone
#   run       `make run`, with nothing but that; `make install`
#   chat      a talk at a terminal
#   hub       models pulled from a server on loopback
#   ready     everything that `make test` needs is there: configured in each preset, the tools answer, the page's tests
#   deb       Debian packages made as the Dockerfile makes them
#   wheel     a wheel made by pip
#   use_deb   a second empty root, without a compiler: packages in, program, library, manual, completions, packages out, nothing left
#   use_wheel the same root: wheel in, Python, program, llm, wheel out
#
# Compiling is once for all, and ccache's in build/clean_root/ccache: remove that to see what a first time takes.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/build/clean_root
builder=$here/builder user=$here/user
mkdir -p "$here/ccache" "$here/out"
chmod 777 "$here/ccache" "$here/out"
cp -r tests/install/clean_root_chat.py tests/install/consumer "$here/out"  # for roots without a clone

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
fail() { echo "clean_root.sh: $*" >&2; exit 1; }

# as WHO ROOT COMMAND...: in a root, with its own mounts and processes, all of which end with it. /out and ccache's folder are shared.
as() {
  local who=$1 root=$2
  shift 2
  mkdir -p "$root/out"
  unshare --mount --pid --fork --kill-child bash -ec '
    root=$1 here=$2 who=$3
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --bind "$here/out" "$root/out"
    cache=$root/home/newcomer/.cache/ccache
    [ ! -e "$root/home/newcomer" ] || { mkdir -p "$cache" && mount --bind "$here/ccache" "$cache"; }
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=xterm LANG=C.UTF-8 \
      chroot "$root" su -l "$who" -c "$4"' - "$root" "$here" "$who" "$*"
}
administrator() { as root "$@"; }
newcomer() { as newcomer "$@"; }
# A command in the clone.
in_clone() { newcomer "$builder" "cd decant && $*"; }

# An empty root, with this machine's way to the network.
empty_root() {
  if [ ! -e "$here/base/etc/debian_version" ]; then
    rm -rf "$here/base"
    debootstrap --variant=minbase bookworm "$here/base" ${DEBIAN_MIRROR:-} > "$here/debootstrap.log" || { tail "$here/debootstrap.log" >&2; exit 1; }
  fi
  rm -rf "$1"
  cp -a "$here/base" "$1"
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  echo "127.0.0.1 localhost $(hostname)" > "$1/etc/hosts"
  echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/unsafe-io"  # a root that is lost is made again
  administrator "$1" "apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates sudo > /dev/null 2>&1
    useradd -m -s /bin/bash newcomer && install -d -o newcomer -g newcomer /home/newcomer/.cache && echo 'newcomer ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/newcomer"
  # The certificates that this machine trusts, for apt, pip and npm.
  cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > "$1/etc/pip.conf"
  echo 'export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' > "$1/etc/profile.d/certificates.sh"
}

setup() {
  say "an empty Debian 12"
  empty_root "$builder"
  git bundle create -q "$here/out/decant.bundle" HEAD
  chmod a+r "$here/out/decant.bundle"
  administrator "$builder" 'apt-get install -y -qq git make g++ python3 > /dev/null 2>&1'
  newcomer "$builder" 'git clone -q /out/decant.bundle decant 2> /dev/null && cd decant && git log --oneline -1'
  du -shx "$builder" | cut -f1
}

run() {
  say "make run"
  local text
  in_clone 'time make run PROMPT="The lighthouse keeper wrote" > /tmp/text'
  text=$(cat "$builder/tmp/text")
  echo "it wrote: $text"
  [ "${#text}" -gt 40 ] || fail "that is no text"
  in_clone 'time make run ARGS= PROMPT="What is the capital of Japan?"' > "$here/out/second"
  grep -q Tokyo "$here/out/second" || fail "it does not know Tokyo: $(cat "$here/out/second")"
  in_clone 'time make install PREFIX=$HOME/.local && cd / && ~/.local/bin/decant --version && ls ~/.local ~/.local/lib ~/.local/share/man/man1 | tr "\n" " "'
  [ -z "$(in_clone git status --short)" ] || fail "make run leaves files that git sees: $(in_clone git status --short)"
}

ready() {
  say "make setup-test"
  in_clone 'time make setup-test && scripts/setup.sh test && du -shx /usr'
  say "each preset configures, and what needs a library of its own links"
  in_clone 'for preset in test asan tsan fuzz; do cmake --preset $preset -B /tmp/$preset -DDECANT_LLAMA_SOURCE=$PWD/build/deps/$(ls build/deps | grep -v tar.gz | head -1) > /tmp/log 2>&1 || { tail -n 30 /tmp/log; exit 1; }; echo $preset; done'
  in_clone 'cd /tmp && printf "#include <gtest/gtest.h>\n#include <rapidcheck.h>\n#include <benchmark/benchmark.h>\n#include <histedit.h>\n#include <curl/curl.h>\n#include <openssl/ssl.h>\nTEST(A, B) { SSL_CTX_free(SSL_CTX_new(TLS_server_method())); }\n" > t.cpp
    g++ -std=c++20 t.cpp -o t -lgtest -lgtest_main -lrapidcheck -lbenchmark -lssl -lcrypto && ./t --gtest_brief=1
    printf "extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n" > f.cpp
    clang++-16 -fsanitize=fuzzer,address,undefined f.cpp -o f && ./f -runs=10 2>&1 | tail -n 1
    for tool in clang-format-16 clang-tidy-16 node npm openssl mandoc chromium; do printf "%s: " $tool; case $tool in openssl) openssl version;; mandoc) command -v mandoc;; *) $tool --version | grep -m1 "[0-9]";; esac; done'
  in_clone 'for page in "" run chat serve; do build/release/decant man $page | mandoc -Tlint -Wwarning; done && scripts/test.sh sources'
  say "the page and its tests"
  in_clone 'time scripts/web.sh'
}

chat() {
  say "a chat at a terminal"
  in_clone 'python3 tests/install/clean_root_chat.py build/release/decant'
}

hub() {
  say "models from a server on loopback"
  in_clone 'python3 tests/cli/hub_test.py build/release/decant'
}

# The first command of the Dockerfile that begins so, on one line.
docker_step() { sed -e ':a' -e '/\\$/{N;s/\\\n//;ba}' Dockerfile | sed -n "s|^RUN \($1\)|\1|p" | head -n 1; }

deb() {
  say "Debian packages, as the Dockerfile makes them"
  rm -rf "$here/out/debs"
  administrator "$builder" "($(docker_step 'apt-get update')) > /dev/null 2>&1"
  in_clone "time { $(docker_step scripts/setup.sh); } > /tmp/log 2>&1 || { tail -n 30 /tmp/log; exit 1; }"
  ls -l "$here"/out/debs/*.deb | awk '{print $5, $9}'
}

wheel() {
  say "pip wheel ."
  rm -rf "$here/out/wheels"
  install -d -m 777 "$here/out/wheels"
  in_clone 'time { python3 -m venv /tmp/venv && CMAKE_ARGS="-DGGML_NATIVE=OFF -DOPENSSL_USE_STATIC_LIBS=ON" /tmp/venv/bin/pip wheel . --no-deps -q --config-settings=build-dir=build/release -w /out/wheels; }'
  ls -l "$here"/out/wheels/*.whl | awk '{print $5, $9}'
}

# What is there of files, but for what apt and dpkg say of themselves.
files() { (cd "$1" && find etc opt usr var/lib home root -xdev ! -path 'var/lib/apt/*' ! -path 'var/lib/dpkg/*' ! -path 'home/newcomer/.cache*' ! -name __pycache__ ! -name '*.pyc' | sort); }

use_deb() {
  say "packages in a root without a compiler"
  empty_root "$user"
  files "$user" > "$here/before"
  administrator "$user" 'apt-get install -y -qq --no-install-recommends /out/debs/decant_*.deb > /dev/null 2>&1 && dpkg -s decant | grep -E "^(Depends|Recommends|Installed-Size)"
    ! command -v c++ gcc && decant --version && decant man > /dev/null'
  newcomer "$user" 'decant run hi; test $? = 69'  # no pip to fetch the default model with: a sentence that says so
  administrator "$user" 'apt-get install -y -qq --no-install-recommends libcurl4 libedit2 python3-pip man-db bash-completion zsh fish mandoc > /dev/null 2>&1'
  newcomer "$user" 'time decant run --quiet "What is the capital of Japan?"; python3 /out/clean_root_chat.py decant'
  say "the manual and completions"
  newcomer "$user" 'man decant | head -n 12 && man decant-run > /dev/null && for each in /usr/share/man/man1/decant*.gz; do mandoc -Tlint -Wwarning $each; done
    bash -ec "source /usr/share/bash-completion/bash_completion; _completion_loader decant || true; COMP_LINE=\"decant com\" COMP_POINT=10 COMP_WORDS=(decant com) COMP_CWORD=1; _decant; echo bash: \${COMPREPLY[@]}" | grep compare
    zsh -fc "autoload -Uz compinit; compinit -u; print zsh: \$_comps[decant]; autoload +X _decant" | grep _decant
    zsh -n /usr/share/zsh/vendor-completions/_decant
    fish --no-execute /usr/share/fish/vendor_completions.d/decant.fish && fish -c "complete -C \"decant com\"" | grep compare'
  say "the library's packages"
  administrator "$user" 'apt-get install -y -qq --no-install-recommends /out/debs/libdecant*.deb cmake ninja-build g++ > /dev/null 2>&1 && ldconfig -p | grep libdecant'
  newcomer "$user" 'cmake -G Ninja -S /out/consumer -B consumer > log 2>&1 && cmake --build consumer >> log 2>&1 || { cat log; exit 1; }
    consumer/consumer "$(decant models pull smollm2)" "The lighthouse keeper wrote" && rm -rf consumer log'
  say "out again"
  administrator "$user" 'apt-get purge -y -qq decant libdecant* > /dev/null 2>&1; apt-get purge -y -qq libcurl4 libedit2 python3-pip man-db bash-completion zsh fish mandoc cmake ninja-build g++ > /dev/null 2>&1
    apt-get autoremove -y -qq --purge > /dev/null 2>&1; ! dpkg -l "*decant*" 2> /dev/null | grep -q "^[ir]"'
  files "$user" > "$here/after"
  comm -13 "$here/before" "$here/after" | grep -i decant && fail "that is left"
  echo "nothing of decant is left"
}

use_wheel() {
  say "the wheel in a root without a compiler"
  empty_root "$user"
  administrator "$user" 'apt-get install -y -qq --no-install-recommends python3-venv > /dev/null 2>&1; ! command -v c++ gcc'
  sed -n '/^```python/,/^```$/{//d;p};/^```$/q' docs/python.md > "$here/out/lines.py"  # as scripts/package.sh does
  newcomer "$user" 'find . -xdev ! -path "./.cache*" | sort > /tmp/before; python3 -m venv venv && time venv/bin/pip install -q /out/wheels/decant-*.whl llm && cd /tmp && . ~/venv/bin/activate
    python /out/lines.py && test -s story.html
    decant run --quiet "What is the capital of Japan?" && python3 /out/clean_root_chat.py decant plain
    llm -m decant/smollm2 -o num_beams 4 "What is the capital of Japan?"
    decant completions bash | bash -n; decant man > /dev/null
    pip uninstall -y -q decant; test ! -e ~/venv/bin/decant; find ~/venv -iname "*decant*"'
}

[ "$(id -u)" = 0 ] || { echo "clean_root.sh: only root can make a root" >&2; exit 69; }
command -v debootstrap > /dev/null || { echo "clean_root.sh: needs debootstrap: apt-get install debootstrap" >&2; exit 69; }
[ "${1:-all}" != all ] || set -- setup run chat hub ready deb wheel use_deb use_wheel
for step in "$@"; do "$step"; done
say "done: $*"
