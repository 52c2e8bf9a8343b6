#!/bin/sh
# pictures.sh [PART]: every picture of docs/, examples/ and recipes/ again, from the commands that their pages show; those of reports whose
# file names have PART. Needs the release build, make test-models, scripts/python.sh build and, once, scripts/web.sh.
set -eu
cd "$(dirname "$0")/.."
if [ $# = 0 ]; then
  python3 docs/pictures/by_hand.py
  python3 docs/pictures/front_door.py > docs/pictures/front_door.svg
fi
python3 docs/pictures/reports.py "$@"
