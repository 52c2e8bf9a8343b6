#!/bin/sh
# Every experiment of this example; the README shows them in F32, outputs.md the third one. Reports go to the folder named as argument
# (default: reports). DECANT: the program (default: the one that make built). AMATEUR, MODEL: other models than the default.
set -eu
cd "$(dirname "$0")"
decant=${DECANT:-../../build/release/decant}
reports=${1:-reports}
amateur=${AMATEUR:-self:15}
model=${MODEL:-smollm2}
mkdir -p "$reports"

echo "== haiku"
"$decant" run --prompt "$(cat haiku.txt)" --expert "$model" --amateur "$amateur" --max-new-tokens 40 --html "$reports/haiku.html"
echo "== docstring"
"$decant" run --prompt "$(cat docstring.txt)" --expert "$model" --amateur "$amateur" --alpha 0.1 --top-k 50 --max-new-tokens 60
echo "== side by side"
"$decant" compare --prompts prompts.jsonl --expert "$model" --amateur "$amateur" --setting all -n 60 --seed 1 \
  --html "$reports/outputs.html" --format markdown
echo "reports: $reports"
