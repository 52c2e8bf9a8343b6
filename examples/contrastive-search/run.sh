#!/bin/sh
# Every experiment of this example, in order. Reports go to the folder named as argument (default: reports). DECANT: the
# program (default: the one that make built). MODEL: another model than the default.
set -eu
decant=${DECANT:-$(dirname "$0")/../../build/release/decant}
reports=${1:-reports}
model=${MODEL:-smollm2}
mkdir -p "$reports"
cat="A cat is a cat is a"
spaceship="The spaceship landed on the alien planet and the crew"
wizard="The old wizard walked up to the magical glowing orb and"

compare() {  # name, prompt, tokens, then the settings
  name=$1
  prompt=$2
  tokens=$3
  shift 3
  echo "== $name"
  "$decant" compare -m "$model" --no-chat-template --seed 1 -n "$tokens" --html "$reports/$name.html" "$@" "$prompt"
}

sweep() {  # name, then the command's arguments
  name=$1
  shift
  echo "== $name"
  "$decant" sweep -m "$model" --no-chat-template -n 40 --out "$reports/$name.jsonl" --html "$reports/$name.html" "$@" "$spaceship"
}

compare greedy "$cat" 40 --setting "greedy:" --setting "contrastive: penalty_alpha=0.6 top_k=4"
compare alpha "$spaceship" 40 --setting "alpha 0.1: penalty_alpha=0.1 top_k=4" --setting "alpha 0.5: penalty_alpha=0.5 top_k=4" \
  --setting "alpha 0.9: penalty_alpha=0.9 top_k=4"
compare k "$spaceship" 40 --setting "k 2: penalty_alpha=0.6 top_k=2" --setting "k 5: penalty_alpha=0.6 top_k=5" \
  --setting "k 50: penalty_alpha=0.6 top_k=50"
compare penalty "$wizard" 50 --setting "greedy:" --setting "contrastive search: penalty_alpha=0.6 top_k=4" \
  --setting "repetition penalty: repetition_penalty=1.5 temperature=0.8 top_k=50"
sweep alpha-sweep --grid "penalty_alpha=0,0.1,0.3,0.5,0.6,0.7,0.9,1" --grid "top_k=4"
sweep k-sweep --grid "penalty_alpha=0.2,0.4,0.6,0.8" --grid "top_k=2,5,10,50"
"$decant" run -m "$model" --penalty-alpha 0.6 --top-k 4 --no-chat-template -n 40 --html "$reports/search.html" "$cat"
"$decant" run -m "$model" --penalty-alpha 0.6 --top-k 50 --no-chat-template -n 40 --html "$reports/k50.html" "$spaceship"
echo "reports: $reports"
