#include "cli/command.h"

namespace decant {

std::span<const Subcommand> commands() {
  static constexpr Subcommand table[] = {
      {"run", "continue a prompt, or answer it", run_command},
      {"inspect", "show the next token's distribution, before and after every processor", inspect_command},
      {"serve", "answer requests over HTTP: OpenAI's API, and every option beside it", serve_command},
      {"compare", "show one prompt or many under several settings, side by side", compare_command},
      {"sweep", "run a grid of options over prompts; can be stopped and goes on", sweep_command},
      {"detect", "say whether a text carries the watermark", detect_command},
      {"bench", "measure the model without any strategy, beside the memory limit", bench_command},
      {"models", "say what a model is, and what works with it", models_command},
      {"grammar", "show the grammar of a JSON schema, or check a text against it", grammar_command},
      {"report", "make a web page of a trace", report_command},
  };
  return table;
}

}  // namespace decant
