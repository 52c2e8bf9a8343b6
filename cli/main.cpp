// decant COMMAND [options]. Exit codes: 0, or the kind of the Error (base/error.h), or 128 + signal when interrupted.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "base/edit_distance.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "llama/chat_template.h"
#include "llama/load_probe.h"

namespace {

using namespace decant;

std::string usage() {
  std::string text =
      "decant: every way of turning a language model's distributions into text\n\nUsage: decant COMMAND [options]\n\n";
  for (const Subcommand& command : commands()) text += fmt::format("  {:<10}{}\n", command.name, command.doc);
  return text + "\n`decant COMMAND --help` lists a command's options.\n";
}

int dispatch(const std::vector<std::string>& arguments) {
  const std::string name = arguments.empty() ? "--help" : arguments[0];
  Output output;
  if (name == "--help" || name == "-h" || name == "help") {
    output.write(usage());
    return 0;
  }
  if (name == "--version") {
    output.write("decant " DECANT_VERSION "\n");
    return 0;
  }
  if (name == "probe" && arguments.size() == 2) {  // ours alone: llama/load_probe.h, llama/chat_template.h
    arguments[1] == "--chat-template" ? answer_chat_templates() : answer_probe(arguments[1]);
  }
  for (const Subcommand& command : commands()) {
    if (command.name == name) return command.run({arguments.begin() + 1, arguments.end()});
  }
  std::vector<std::string_view> names;
  for (const Subcommand& command : commands()) names.push_back(command.name);
  const std::string_view near = closest(name, names);
  throw Error(ErrorKind::usage, "unknown command {}: {}", name,
              near.empty() ? "decant --help lists them" : fmt::format("did you mean {}?", near));
}

void complain(std::string_view message) {
  // A message may quote what is in a file, or what a library says of it.
  if (message.empty()) return;
  Utf8Buffer characters;
  std::string text = characters.push(message);
  std::replace(text.begin(), text.end(), '\n', ' ');
  tell(fmt::format("decant: {}\n", without_controls(text + characters.flush())));
}

}  // namespace

int main(int argc, char** argv) {
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
