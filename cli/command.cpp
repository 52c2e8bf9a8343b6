#include "cli/command.h"

namespace decant {

std::span<const Subcommand> commands() {
  static constexpr std::string_view bench[] = {"rows"}, grammar[] = {"show", "check"},
                                    models[] = {"ls", "show", "pull", "rm", "verify"};
  static constexpr Subcommand table[] = {
      {"run", "continue a prompt, or answer it", run_command},
      {"chat", "talk with a model; alone on a terminal, decant does this", chat_command},
      {"inspect", "show the next token's distribution, before and after every processor", inspect_command},
      {"serve", "answer requests over HTTP: OpenAI's API, and every option beside it", serve_command},
      {"compare", "show one prompt or many under several settings, side by side", compare_command},
      {"sweep", "run a grid of options over prompts; can be stopped and goes on", sweep_command},
      {"detect", "say whether a text carries the watermark", detect_command},
      {"bench", "measure the model without any strategy, beside the memory limit", bench_command, bench},
      {"models", "list, fetch, check and remove models; say what one is and what works with it", models_command,
       models},
      {"grammar", "show the grammar of a JSON schema, or check a text against it", grammar_command, grammar},
      {"report", "make a web page of a trace", report_command},
      {"config", "show each option, its value and where that comes from", config_command},
      {"doctor", "say what this machine has for a model, and what is slow and why", doctor_command},
      {"completions", "print a script for bash, zsh or fish", completions_command},
      {"man", "print a page of the manual", man_command},
  };
  return table;
}

}  // namespace decant
