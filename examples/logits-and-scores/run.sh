#!/bin/sh
# Every experiment of this example, in order: what is printed is also in the README. Reports go to the folder named as
# argument (default: reports). DECANT: the program (default: the one that make built). MODEL: another model than
# the default.
set -eu
decant=${DECANT:-$(dirname "$0")/../../build/release/decant}
reports=${1:-reports}
model=${MODEL:-smollm2}
mkdir -p "$reports"

experiment() {  # name, then the command's arguments
  name=$1
  shift
  echo "== $name"
  verb=$1
  shift
  "$decant" "$verb" -m "$model" "$@"
}

# One prompt under several settings, in the terminal and as a page.
compare() {
  name=$1
  prompt=$2
  shift 2
  experiment "$name" inspect --no-chat-template "$prompt" --html "$reports/$name.html" --seed 1 --rows 15 --compare "$@"
}

experiment continue run --no-chat-template -n 256 "2 + 2 = "
experiment next-token inspect --no-chat-template "2 + 2 = " --rows 15 --html "$reports/next-token.html"
experiment fifty inspect --no-chat-template "The sky is" --rows 50 --html "$reports/fifty.html"
experiment bytes inspect --no-chat-template "😀 😃 😄" --max-new-tokens 6 --rows 6 --html "$reports/bytes.html"
compare temperature "2 + 2 = " "cold: temperature=0.01" "plain: temperature=1"
compare top-k "My name is" "plain: temperature=1" "top_k=10"
compare top-p "My name is" "plain: temperature=1" "top_p=0.7"
compare min-p "My name is" "plain: temperature=1" "min_p=0.5"
compare typical-p "My name is" "plain: temperature=1" "typical_p=0.5"
compare repetition-penalty "4 + 4 - 4 = " "plain: temperature=1" "temperature=1 repetition_penalty=1.5"
echo "reports: $reports"
