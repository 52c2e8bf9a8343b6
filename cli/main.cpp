// decant COMMAND [options]. Exit codes: 0, or the kind of the Error (base/error.h), or 128 + signal when interrupted.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "base/edit_distance.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/style.h"
#include "llama/chat_template.h"
#include "llama/load_probe.h"

namespace {

using namespace decant;

constexpr std::string_view for_help[] = {"help", "--help", "-h"};

bool asks_for_help(std::string_view argument) {
  return std::find(std::begin(for_help), std::end(for_help), argument) != std::end(for_help);
}

std::string usage() {
  std::string text =
      "decant: every way of turning a language model's distributions into text\n\nUsage: decant COMMAND [options]\n\n";
  for (const Subcommand& command : commands()) text += fmt::format("  {:<13}{}\n", command.name, command.doc);
  return wrap(text + "\ndecant help COMMAND lists a command's options, decant --help-all those of all commands.\n",
              terminal_width(), 15);
}

// What others call running a model.
constexpr std::string_view names_of_run[] = {"generate", "complete", "completion", "ask", "prompt", "cli"};

[[noreturn]] void reject(std::string_view name) {
  if (name.empty()) throw Error(ErrorKind::usage, "the command is '': decant --help lists them");
  if (name.starts_with('-'))
    throw Error(ErrorKind::usage, "unknown option {}: options stand behind a command, as in decant run {}", name, name);
  if (name.find_first_of(" \n") != name.npos)
    throw Error(ErrorKind::usage, "unknown command '{}': a text to go on from stands behind decant run", name);
  if (std::find(std::begin(names_of_run), std::end(names_of_run), name) != std::end(names_of_run))
    throw Error(ErrorKind::usage, "unknown command {}: decant run answers a message, or continues a text", name);
  std::vector<std::string_view> names = {"help"};
  for (const Subcommand& command : commands()) names.push_back(command.name);
  const std::string_view near = closest(name, names);
  throw Error(ErrorKind::usage, "unknown command {}: {}", name,
              near.empty() ? "decant --help lists them" : fmt::format("did you mean {}?", near));
}

int run(std::string_view name, const std::vector<std::string>& arguments) {
  for (const Subcommand& command : commands()) {
    if (command.name == name) return command.run(arguments);
  }
  reject(name);
}

// `decant help COMMAND ...` is `decant COMMAND ... --help`.
int help(std::vector<std::string> arguments) {
  std::erase_if(arguments, asks_for_help);
  if (arguments.empty()) {
    Output().write(usage());
    return 0;
  }
  const std::string name = arguments[0];
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return run(name, arguments);
}

int help_all() {
  Output().write(usage());
  for (const Subcommand& command : commands()) {
    Output().write("\n");
    command.run({"--help-all"});
  }
  return 0;
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty() && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) return run("chat", {});
  const std::string name = arguments.empty() ? "--help" : arguments[0];
  if (name == "--help-all") return help_all();
  if (asks_for_help(name)) return help(arguments);
  if (name == "--version") {
    Output().write("decant " DECANT_VERSION "\n");
    return 0;
  }
  if (name == "complete") {  // ours alone: cli/completions_command.cpp
    std::vector<std::string> words(arguments.begin() + 1, arguments.end());
    if (!words.empty() && words[0] == "--") words.erase(words.begin());
    complete(words);
    return 0;
  }
  if (name == "probe" && arguments.size() == 2) {  // ours alone: llama/load_probe.h, llama/chat_template.h
    arguments[1] == "--chat-template" ? answer_chat_templates() : answer_probe(arguments[1]);
  }
  return run(name, {arguments.begin() + 1, arguments.end()});
}

constexpr std::size_t kLongestMessage = 1500;  // bytes: a whole book may have been given in an option's place

// One line, whatever names and values are in it; on a terminal set in its width.
void complain(std::string_view message) {
  if (message.empty()) return;
  std::string line;
  for (const char c : message) line += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
  if (line.size() > kLongestMessage)  // what happened stands at the beginning, what to do at the end
    line = fmt::format("{} ... {}", line.substr(0, kLongestMessage * 2 / 3),
                       line.substr(line.size() - kLongestMessage / 3));
  line = fmt::format("decant: {}", without_controls(line));
  const int width = terminal_size(StandardStream::error).columns;
  tell((width > 0 ? wrap(line, width) : line) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  ignore_closed_pipes();
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const Error& error) {
    complain(error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    complain("out of memory: try a smaller --ctx-size or model");
    return static_cast<int>(ErrorKind::unavailable);
  } catch (const std::exception& error) {
    complain(error.what());
    return static_cast<int>(ErrorKind::internal);
  }
}
