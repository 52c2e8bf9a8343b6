// decant completions SHELL: a script for bash, zsh or fish. What may come next is said by `decant complete`, which the
// scripts ask, so they never grow old.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "hub/hub.h"

namespace decant {
namespace {

constexpr std::string_view kBash = R"(# bash completion for decant
_decant() {
  local line=${COMP_LINE:0:COMP_POINT} words=() name
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local current=${words[-1]} cut=
  # bash completes what stands behind the last of these signs
  [[ $current == *[:=]* ]] && cut=${current%"${current##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r name _; do
    COMPREPLY+=("${name#"$cut"}")
  done < <(decant complete -- "${words[@]:1}" 2>/dev/null)
}
complete -o default -F _decant decant
)";

constexpr std::string_view kZsh = R"(#compdef decant
_decant() {
  local -a names texts
  local name text
  while IFS=$'\t' read -r name text; do
    names+=("$name")
    texts+=("$name${text:+  -- $text}")
  done < <(decant complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#names )); then compadd -l -d texts -a names; else _files; fi
}
if [ "$funcstack[1]" = _decant ]; then _decant "$@"; else compdef _decant decant; fi
)";

constexpr std::string_view kFish = R"(# fish completion for decant
function __decant_complete
    set -l words (commandline -opc) (commandline -ct)
    decant complete -- $words[2..-1] 2>/dev/null
end
complete -c decant -a '(__decant_complete)'
)";

struct Candidate {
  std::string text, doc;
};

void add_models(std::vector<Candidate>& found) {
  found.push_back({"smollm2", "the default model"});
  try {
    for (const KeptModel& model : kept_models()) found.push_back({model.name, ""});
  } catch (const Error&) {  // no cache to look into
  }
}

bool takes_model(const FlagFacts& flag) {
  constexpr std::string_view names[] = {"--model", "--amateur", "--draft-model"};
  return std::ranges::any_of(
      flag.names, [&](const std::string& name) { return std::ranges::find(names, name) != std::end(names); });
}

std::vector<Candidate> candidates(const std::vector<std::string>& words) {
  std::vector<Candidate> found;
  const std::string& current = words.back();
  std::size_t at = words[0] == "help" ? 1 : 0;  // the command's place
  if (words.size() == at + 1) {
    for (const Subcommand& each : commands()) found.push_back({std::string(each.name), std::string(each.doc)});
    if (at == 0) found.push_back({"help", "a command's options"});
    if (at == 0 && current.starts_with('-')) found.insert(found.end(), {{"--help", ""}, {"--version", ""}});
    return found;
  }
  const auto command = std::ranges::find(commands(), words[at], &Subcommand::name);
  if (command == commands().end()) return found;
  std::vector<std::string> action;
  if (!command->actions.empty()) {
    if (words.size() == at + 2) {
      for (const std::string_view name : command->actions) found.push_back({std::string(name), ""});
      return found;
    }
    if (std::ranges::find(command->actions, words[at + 1]) == command->actions.end()) return found;
    action = {words[at + 1]};
  }
  const CommandFacts facts = describe(command->run, action);
  const std::string& before = words[words.size() - 2];
  for (const FlagFacts& flag : facts.flags) {
    if (flag.value.empty() || std::ranges::find(flag.names, before) == flag.names.end()) continue;
    for (const std::string& word : flag.words) found.push_back({word, ""});
    if (takes_model(flag)) add_models(found);
    if (flag.value != "true|false") return found;  // what must have its value
  }
  if (current.starts_with('-')) {
    for (const FlagFacts& flag : facts.flags)
      for (const std::string& name : flag.names) found.push_back({name, flag.doc});
  } else if (words[at] == "models") {
    add_models(found);
  }
  return found;
}

}  // namespace

void complete(const std::vector<std::string>& words) {
  std::string lines;
  for (const Candidate& each : candidates(words.empty() ? std::vector<std::string>{""} : words)) {
    if (each.text.starts_with(words.empty() ? "" : words.back())) lines += each.text + "\t" + each.doc + "\n";
  }
  Output().write(lines);
}

int completions_command(const std::vector<std::string>& arguments) {
  Flags flags("decant completions", "Print a script that completes decant's commands, options and models.",
              "Example: source <(decant completions bash)");
  std::optional<std::string> shell;
  flags.own("SHELL", shell, "bash, zsh or fish");
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return 0;
  }
  if (shell == "bash") {
    Output().write(kBash);
  } else if (shell == "zsh") {
    Output().write(kZsh);
  } else if (shell == "fish") {
    Output().write(kFish);
  } else {
    throw Error(ErrorKind::usage, "SHELL is {}: it must be bash, zsh or fish", shell ? "'" + *shell + "'" : "required");
  }
  return 0;
}

}  // namespace decant
