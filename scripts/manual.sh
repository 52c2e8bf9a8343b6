#!/bin/sh
# manual.sh PROGRAM FOLDER: the pages of the manual and what shells complete, as the program says them, where a share/ folder has them.
set -eu
program=$1
folder=$2
mkdir -p "$folder/man/man1" "$folder/bash-completion/completions" "$folder/zsh/site-functions" "$folder/fish/vendor_completions.d"
"$program" man > "$folder/man/man1/decant.1"
for name in $("$program" complete -- "" | cut -f1 | grep -vx help); do
  "$program" man "$name" > "$folder/man/man1/decant-$name.1"
done
"$program" completions bash > "$folder/bash-completion/completions/decant"
"$program" completions zsh > "$folder/zsh/site-functions/_decant"
"$program" completions fish > "$folder/fish/vendor_completions.d/decant.fish"
