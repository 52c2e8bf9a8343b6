// decant run: one prompt, one model, text on standard output.
#include <algorithm>
#include <chrono>
#include <memory>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/run_report.h"
#include "model/hub.h"
#include "model/llama_model.h"
#include "model/load_probe.h"
#include "options/resolve.h"
#include "run/scheduler.h"
#include "strategies/registry.h"

namespace decant {
namespace {

struct Options {
  GenerationConfig config;
  ModelOptions model;
  PromptOptions prompt;
  bool show_prompt = false, no_stream = false, stats = false, json = false, jsonl = false, quiet = false;
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  CLI::App app("Continue a prompt, or answer it if the model has a chat template.", "decant run");
  app.footer("Example: decant run --temperature 0.8 --top-p 0.9 --seed 1 \"The lighthouse keeper wrote\"");
  app.add_option("PROMPT", options.prompt.argument, "the prompt; - is standard input, as is no prompt at all");
  const auto text = [&](const char* flags, auto& value, const char* doc) {
    app.add_option(flags, value, doc)->type_name("TEXT")->group("Prompt");
  };
  text("-p,--prompt", options.prompt.text, "the prompt");
  app.add_option("-f,--file", options.prompt.file, "a file with the prompt; - is standard input")
      ->type_name("FILE")
      ->group("Prompt");
  text("--system", options.prompt.system, "system message of the chat");
  app.add_flag("--no-chat-template", options.prompt.no_chat_template, "the prompt as it is, special tokens parsed")
      ->group("Prompt");
  app.add_flag("--show-prompt", options.show_prompt, "what the model reads, on standard error")->group("Prompt");
  const auto flag = [&](const char* flags, bool& value, const char* doc) {
    app.add_flag(flags, value, doc)->group("Output");
  };
  flag("--no-stream", options.no_stream, "the text at the end, not as it comes");
  flag("--json", options.json, "one JSON object instead of text");
  flag("--jsonl", options.jsonl, "one trace record for each decision instead of text");
  flag("--stats", options.stats, "time, work and memory, on standard error");
  flag("--quiet", options.quiet, "no progress on standard error");

  Flags flags(app);
  flags.add(generation_fields(), options.config);
  flags.add(model_fields(), options.model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  if (options.json && options.jsonl) throw Error(ErrorKind::usage, "--json and --jsonl contradict each other: choose one");
  return true;
}

// Cells that the request can use: more would only cost memory and time at start.
int cells_for(const Options& options, int prompt, int trained) {
  const GenerationConfig& config = options.config;
  const int longest = std::min(max_length(config, prompt), trained);
  const long total = static_cast<long>(config.num_return_sequences) * std::max(longest - prompt, 0) + prompt + 1;
  const int most = options.model.ctx_size > 0 ? options.model.ctx_size : std::max(longest, 8192);
  return static_cast<int>(std::clamp<long>(total, 1, most));
}

// Runs to the end, or to the first interrupt. Returns the exit code.
int drive(Scheduler& scheduler, Run& run, const Options& options) {
  Progress reading("reading the prompt", !options.quiet);
  const int prompt = run.stats().prompt_tokens;
  while (!interrupted() && scheduler.step()) {
    const std::int64_t read = run.stats().rows;
    if (prompt - read > options.model.prefill_chunk_size) {
      reading.update(static_cast<double>(read) / prompt);
    } else {
      reading.wipe();  // the next step may write the first token
    }
  }
  return interrupted() ? 128 + interrupted() : 0;
}

std::shared_ptr<const LlamaFile> load(const Options& options) {
  const auto download = options.quiet ? DownloadProgress::silent : DownloadProgress::on_stderr;
  const std::filesystem::path path = resolve_model(options.model.model, download);
  if (!is_pinned_model(path)) probe_model(path);
  Progress loading("loading the model", !options.quiet);
  const auto update = [&](float done) { loading.update(static_cast<double>(done)); };
  return std::make_shared<const LlamaFile>(path, options.model, update);
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  GenerationConfig& config = options.config;
  check_ranges(model_fields(), options.model);
  const Strategy strategy = resolve_strategy(config);
  if (!config.seed) config.seed = random_seed();
  const std::string text = read_prompt(options.prompt);

  const auto begin = std::chrono::steady_clock::now();
  const auto file = load(options);
  const Prompt prompt = make_prompt(text, options.prompt, *file);
  if (options.show_prompt) tell(prompt.text + "\n");
  if (prompt.chat && !config.eos_token_id) config.eos_token_id = file->vocab().end_of_turn(*file->chat_template());
  const int n_prompt = static_cast<int>(prompt.tokens.size());
  const int branches = config.num_return_sequences + 1;  // and one for evaluating a node beside its cell
  LlamaModel model(file, options.model, cells_for(options, n_prompt, file->trained_context()), branches);
  const double load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  RunInfo info{model.info().name, std::string(name(strategy)), config, prompt.tokens, load_s};
  Output output;
  const bool one_text = !options.json && !options.jsonl && config.num_return_sequences == 1;
  TextPrinter printer(output, model.vocab(), info);
  TracePrinter tracer(output, model.vocab(), info);
  RunObserver* observer = nullptr;
  if (options.jsonl) observer = &tracer;
  if (one_text && !options.no_stream) observer = &printer;

  Scheduler scheduler({&model}, {.prefill_chunk_size = options.model.prefill_chunk_size});
  const auto run = scheduler.start({.config = config, .prompt = prompt.tokens, .strategy = entry(strategy).run,
                                    .models = {0}, .observer = observer});
  catch_interrupts();
  const int code = drive(scheduler, *run, options);

  if (observer == &printer) printer.end();
  run->rethrow();
  if (options.json) {
    output.write(run_json(*run, info));
  } else if (!observer) {
    output.write(all_text(*run));
  }
  if (options.stats) tell(run_stats(*run, info, model.describe()));
  return code;
}

}  // namespace decant
