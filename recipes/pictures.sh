#!/bin/sh
# pictures.sh [RECIPE...]: recipes/*/trace.png, each a real run as its report shows it in Chromium. Needs scripts/python.sh build and, once,
# scripts/web.sh.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/pictures
export PYTHONPATH="$PWD/build/release/python" DECANT_PYTHON="${DECANT_PYTHON:-$PWD/build/python/bin/python}"
wanted=" $* "

# picture RECIPE [first|TOKEN] ARGUMENT...: opened at the first token that was not the likeliest, or at that place in the text.
picture() {
  recipe=$1 token=$2
  shift 2
  [ "$wanted" = "  " ] || case $wanted in *" $recipe "*) ;; *) return 0 ;; esac
  trace=build/pictures/$recipe.jsonl page=build/pictures/$recipe.html
  build/release/decant run --quiet --custom-generate "recipes/$recipe" --jsonl "$@" > "$trace"
  build/release/decant report "$trace" -o "$page"
  [ "$token" != first ] || token=$(python3 -c '
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
print(next(each["t"] for each in records if each.get("rank", 1) > 1))' "$trace")
  PART=main node web/picture.mjs "$page" "recipes/$recipe/trace.png" "run=0&seq=0&token=$token"
}

raw=--no-chat-template
picture greedy "" -n 12 "What is the capital of France?"
picture think_longer first -n 40 --recipe-arg bits=0 --recipe-arg most=1 "What is 2 + 2?"
picture roll_back first -n 40 $raw "I love you. I love you. I love"
picture contrastive_search first -n 40 $raw "A cat is a cat is a"
picture best_of_n first -n 24 --temperature 1 --num-return-sequences 4 --seed 3 "Name a colour, and say why."
picture stop_when_unsure "" -n 60 --recipe-arg threshold=9 --recipe-arg window=8 $raw "The old wizard walked up to the"
picture banned_phrases first -n 32 --recipe-arg "phrases=['a cat']" "Tell me a story about a cat."
picture sled "" -n 24 "What is the capital of Australia?"
