#!/bin/sh
# The page of the HTML reports (web/): types, house rules (lengths of functions, circles of imports), unit tests, a build
# that must give web/dist byte for byte, its size, and the page in Chromium. Needs node 18, npm and Debian's package
# chromium (CHROMIUM names another one).
# scripts/web.sh build: only writes web/dist.
set -eu
cd "$(dirname "$0")/../web"
begin=$(date +%s)
say() { printf '\n== %s (%s s)\n' "$*" "$(($(date +%s) - begin))"; }

say "packages"
npm ci --silent --no-audit --no-fund --ignore-scripts

if [ "${1:-}" = build ]; then
  node build.mjs
  exit
fi

say "types"
node_modules/.bin/tsc --noEmit
say "house rules"
node tests/rules.mjs
say "unit tests"
node tests/run.mjs unit

say "build"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
node build.mjs "$out"
cmp "$out/report.html" dist/report.html || {
  echo "web/dist is not what the sources give: run scripts/web.sh build and commit web/dist" >&2
  exit 1
}
size=$(gzip -9c dist/report.html | wc -c)
echo "dist/report.html: $size bytes gzipped, 120 KB wanted, 140 KB allowed"
[ "$size" -le 140000 ] || exit 1

say "browser tests"
if ! [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  echo "no Chromium: apt-get install chromium, or set CHROMIUM" >&2
  exit 1
fi
node tests/run.mjs browser
say "web tests passed"
