// decant man [COMMAND]: a page of the manual in mdoc, made from the commands and their flags.
#include <algorithm>
#include <cctype>
#include <string>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "options/help.h"

namespace decant {
namespace {

constexpr std::string_view kDate = "November 27, 2026";
constexpr int kLine = 76;  // columns of the source

// Text that is no request.
std::string plain(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '\\' ? "\\e" : c == '(' && safe.ends_with('e') ? "\\&(" : std::string(1, c);
  return safe;
}

// Each sentence on a line of its own, as mdoc has it.
std::string paragraph(std::string_view text) {
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    do {
      end = text.find_first_of(".?!", end);
      end = end == text.npos ? text.size() : end + 1;
    } while (end < text.size() && text[end] != ' ' && text[end] != '\n');
    std::string sentence = plain(text.substr(begin, end - begin));
    std::ranges::replace(sentence, '\n', ' ');
    for (std::string line : help_lines(sentence, kLine)) {
      if (line.starts_with('.') || line.starts_with('\'')) line = "\\&" + line;
      if (!line.empty()) lines += line + "\n";
    }
    begin = std::min(text.find_first_not_of(" \n", end), text.size());
  }
  return lines;
}

// An argument of a macro: punctuation and names of macros are words.
std::string argument(std::string_view text) {
  std::string safe = plain(text);
  for (std::size_t at = 0; (at = safe.find('"', at)) != safe.npos; at += 2) safe.insert(at, "\"");
  const bool short_word = text.size() <= 2;
  return (short_word ? "\\&" : "") + (safe.find(' ') == safe.npos ? safe : "\"" + safe + "\"");
}

std::string flag_item(const FlagFacts& flag) {
  std::string item = ".It";
  for (std::size_t i = 0; i < flag.names.size(); ++i) {
    item += (i == 0 ? "" : " ,");
    item += " Fl " + argument(std::string_view(flag.names[i]).substr(1));
  }
  if (flag.names.empty()) return ".It Ar " + argument(flag.value) + "\n";
  if (!flag.value.empty()) item += " Ar " + argument(flag.value);
  return item + "\n";
}

std::string items(const std::vector<FlagFacts>& flags, std::string_view group) {
  std::string text = ".Bl -tag -width Ds\n";
  for (const FlagFacts& flag : flags) {
    if (flag.group == group || group.empty()) text += flag_item(flag) + paragraph(flag.doc);
  }
  return text + ".El\n";
}

std::string head(std::string_view title, std::string_view doc) {
  std::string upper(title);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format(".Dd {}\n.Dt {} 1\n.Os\n.Sh NAME\n.Nm {}\n.Nd {}\n", kDate, upper, title, plain(doc));
}

constexpr std::string_view kExitStatus = R"(.Sh EXIT STATUS
.Bl -tag -width Ds -compact
.It 0
All was done.
.It 64
Options or arguments cannot be carried out as asked.
.It 65
The content of a file or a text is wrong.
.It 66
A file is not there or cannot be read.
.It 69
This build, machine or model does not have what is asked for.
.It 70
A fault of the program's own.
.It 74
Reading or writing failed half-way.
.It 130
It was interrupted; what had been written until then stands.
.El
)";

// What a command, or one of its actions, does and reads.
std::string description(const CommandFacts& facts) {
  std::string text = paragraph(facts.description);
  if (!facts.arguments.empty()) text += items(facts.arguments, "");
  std::vector<std::string> groups;
  for (const FlagFacts& flag : facts.flags) {
    if (std::ranges::find(groups, flag.group) == groups.end()) groups.push_back(flag.group);
  }
  for (const std::string& group : groups) text += ".Ss " + plain(group) + "\n" + items(facts.flags, group);
  return text;
}

std::string example(const CommandFacts& facts) {
  const std::size_t begin = facts.example.find("decant ");
  return begin == std::string::npos ? "" : plain(std::string_view(facts.example).substr(begin)) + "\n";
}

std::string page_of(const Subcommand& command) {
  std::string text = head(fmt::format("decant-{}", command.name), command.doc), examples;
  std::vector<CommandFacts> actions;
  for (const std::string_view each : command.actions) actions.push_back(describe(command.run, {std::string(each)}));
  if (actions.empty()) actions.push_back(describe(command.run));
  text += ".Sh SYNOPSIS\n";
  for (const CommandFacts& facts : actions) {
    text += ".Nm " + facts.name + "\n.Op Ar options\n";
    for (const FlagFacts& each : facts.arguments) text += ".Op Ar " + argument(each.value) + "\n";
    examples += example(facts);
  }
  text += ".Sh DESCRIPTION\n";
  for (const CommandFacts& facts : actions) {
    if (!command.actions.empty()) text += (&facts == &actions[0] ? "" : ".Pp\n") + (".Nm " + facts.name) + "\n:\n";
    text += description(facts);
  }
  text += kExitStatus;
  if (!examples.empty()) text += ".Sh EXAMPLES\n.Bd -literal -offset indent\n" + examples + ".Ed\n";
  return text + ".Sh SEE ALSO\n.Xr decant 1\n";
}

std::string main_page() {
  std::string text = head("decant", "every way of turning a language model's distributions into text");
  text += ".Sh SYNOPSIS\n.Nm\n.Op Ar command Op Ar options\n.Sh DESCRIPTION\n";
  text += paragraph(
      "Runs a language model in a GGUF file with any strategy of decoding. Alone on a terminal it talks with you.");
  text += ".Bl -tag -width Ds\n";
  for (const Subcommand& each : commands()) text += fmt::format(".It Cm {}\n{}", each.name, paragraph(each.doc));
  text += ".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n";
  constexpr std::pair<std::string_view, std::string_view> variables[] = {
      {"DECANT_TEMPERATURE", "And so on: any option, in capitals; a flag goes before it."},
      {"DECANT_CONFIG", "A file of options in YAML, in place of config.yaml."},
      {"DECANT_CACHE", "Where the default model is kept."},
      {"HF_HOME , HF_HUB_CACHE", "Hugging Face's cache, where models of its hub are kept."},
      {"HF_TOKEN , HF_ENDPOINT , HF_HUB_OFFLINE", "Who asks its hub, where that is, and that nobody asks it."},
      {"NO_COLOR , CLICOLOR_FORCE", "No colour anywhere; colour where there is no terminal, too."}};
  for (const auto& [name, doc] : variables) text += fmt::format(".It Ev {}\n{}", name, paragraph(doc));
  text +=
      ".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa ~/.config/decant/config.yaml\nOptions, as in\n.Ql temperature: 0.7 "
      ".\n";
  text += ".It Pa ~/.cache/decant\nThe default model, and what chats have typed.\n.El\n";
  text += kExitStatus;
  text += ".Sh SEE ALSO\n";
  std::vector<std::string> names;
  for (const Subcommand& each : commands()) names.push_back(fmt::format("decant-{}", each.name));
  std::ranges::sort(names);
  for (std::size_t i = 0; i < names.size(); ++i)
    text += fmt::format(".Xr {} 1{}\n", names[i], i + 1 < names.size() ? " ," : "");
  return text;
}

}  // namespace

int man_command(const std::vector<std::string>& arguments) {
  Flags flags("decant man", "Print a page of the manual, as mdoc.", "Example: decant man run | man -l -");
  std::optional<std::string> name;
  flags.own("COMMAND", name, "one of decant's commands; none is decant itself");
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return 0;
  }
  if (!name) {
    Output().write(main_page());
    return 0;
  }
  const auto command = std::ranges::find(commands(), std::string_view(*name), &Subcommand::name);
  if (command == commands().end())
    throw Error(ErrorKind::usage, "there is no command {}: decant --help lists them", *name);
  Output().write(page_of(*command));
  return 0;
}

}  // namespace decant
