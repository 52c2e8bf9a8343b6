#include "cli/session.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "hub/hub.h"
#include "llama/load_probe.h"
#include "llama/self_model.h"
#include "model/same_vocabulary.h"
#include "options/table.h"
#include "processors/token_healing.h"

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Texts that are continued at a time.
int live_texts(const GenerationConfig& config) { return std::max(config.num_beams, config.num_return_sequences); }

// Tokens tried at a time, beside a text or a prompt that another Run holds as well.
int tried_tokens(const GenerationConfig& config) { return config.penalty_alpha ? std::max(config.top_k, 64) : 0; }

}  // namespace

std::shared_ptr<const LlamaFile> load_model(const ModelOptions& options, bool quiet) {
  check_ranges(model_fields(), options);
  const auto download = quiet ? DownloadProgress::silent : DownloadProgress::on_stderr;
  const std::filesystem::path path = resolve_model(options.model, download);
  if (!is_pinned_model(path)) probe_model(path);
  Progress loading("loading the model", !quiet);
  const auto update = [&](float done) { loading.update(static_cast<double>(done)); };
  return std::make_shared<const LlamaFile>(path, options, update);
}

void add_session_flags(CLI::App& app, SessionOptions& options, GenerationConfig& config) {
  PromptOptions& prompt = options.prompt;
  app.add_option("PROMPT", prompt.argument, "the prompt; - is standard input, as is no prompt at all");
  const auto text = [&](const char* flags, auto& value, const char* doc) {
    app.add_option(flags, value, doc)->type_name("TEXT")->group("Prompt");
  };
  text("-p,--prompt", prompt.text, "the prompt");
  app.add_option("-f,--file", prompt.file, "a file with the prompt; - is standard input")
      ->type_name("FILE")
      ->group("Prompt");
  text("--system", prompt.system, "system message of the chat");
  app.add_flag("--no-chat-template", prompt.no_chat_template, "the prompt as it is, special tokens parsed")
      ->group("Prompt");
  app.add_flag("--show-prompt", options.show_prompt, "what the model reads, on standard error")->group("Prompt");
  app.add_flag("--quiet", options.quiet, "no progress on standard error")->group("Output");
  const auto from_file = [&](const char* flag, const char* option, const char* doc) {
    const auto read = [&config, option, flag](const std::string& path) {
      set(generation_fields(), config, get(generation_fields(), option), read_text_file(path, flag));
    };
    app.add_option_function<std::string>(flag, read, doc)->type_name("FILE")->group("Bans and constraints");
  };
  from_file("--grammar-file", "grammar", "a file with the grammar");
  from_file("--json-schema-file", "json_schema", "a file with the schema");
}

Session::Session(const SessionOptions& options) : Session(options, std::vector{read_prompt(options.prompt)}) {}

Session::Session(const SessionOptions& options, std::span<const std::string> prompts) : options_(options) {
  const auto begin = Clock::now();
  file_ = load_model(options.model, options.quiet);
  for (const std::string& text : prompts) prompts_.push_back(make_prompt(text, options.prompt, *file_));
  load_s_ = since(begin);
  if (!options.show_prompt) return;
  for (const Prompt& prompt : prompts_) tell(prompt.text + "\n");
}

void Session::complete(GenerationConfig& config) const {
  if (!config.seed) config.seed = random_seed();
  if (prompts_[0].chat && !config.eos_token_id)
    config.eos_token_id = file_->vocab().end_of_turn(*file_->chat_template());
}

std::vector<Token> Session::negative_prompt(const GenerationConfig& config) const {
  if (config.guidance_scale == 1 || config.negative_prompt.empty()) return {};
  return make_prompt(config.negative_prompt, options_.prompt, *file_).tokens;
}

// Cells that the request can use: more would only cost memory and time at start.
int Session::cells_for(const GenerationConfig& config, const Prompt& prompt, int negative_tokens) const {
  const int length = static_cast<int>(prompt.tokens.size());
  const int longest = std::min(max_length(config, length), file_->trained_context());
  const long texts = static_cast<long>(live_texts(config)) * std::max(longest - length, 0);
  const bool guided = config.guidance_scale != 1;
  const long total = (guided ? 2 : 1) * texts + negative_tokens + length + 2 + tried_tokens(config);
  const int most = options_.model.ctx_size > 0 ? options_.model.ctx_size : std::max(longest * (guided ? 2 : 1), 8192);
  return static_cast<int>(std::clamp<long>(total, 1, most));
}

Prompt Session::prompt_for(const GenerationConfig& config, int index) const {
  Prompt prompt = this->prompt(index);
  if (!config.token_healing) return prompt;
  prompt.healed = heal(prompt.tokens, file_->vocab());
  if (prompt.text.ends_with(prompt.healed)) prompt.text.resize(prompt.text.size() - prompt.healed.size());
  return prompt;
}

void Session::Room::add(int more_cells, int more_branches, int live) {
  for (auto [largest, more] : {std::pair(&cells, more_cells), std::pair(&branches, more_branches)}) {
    largest->insert(std::upper_bound(largest->begin(), largest->end(), more, std::greater<>()), more);
    if (std::ssize(*largest) > live) largest->pop_back();
  }
}

void Session::expect(const GenerationConfig& config) {
  const int negative_tokens = static_cast<int>(negative_prompt(config).size());
  const int branches = live_texts(config) * (config.guidance_scale == 1 ? 1 : 2) + tried_tokens(config);
  Amateur* amateur = config.amateur.empty() ? nullptr : &amateur_of(config);
  for (const Prompt& prompt : prompts_) {
    const int cells = cells_for(config, prompt, negative_tokens);
    room_.add(cells, branches, options_.live);
    if (amateur) amateur->room.add(cells, live_texts(config), options_.live);
  }
}

void Session::open(std::span<const GenerationConfig> configs) {
  for (const GenerationConfig& config : configs) expect(config);
  open();
}

void Session::open() {
  const auto begin = Clock::now();
  for (Amateur& amateur : amateurs_) amateur.file = load_amateur(amateur.name);
  restart();
  load_s_ += since(begin);
}

void Session::restart() {
  scheduler_.reset();
  model_.reset();
  model_ = make_model(file_, room_);
  std::vector<Model*> models = {model_.get()};
  for (Amateur& amateur : amateurs_) {
    amateur.model.reset();
    amateur.model = make_model(amateur.file, amateur.room);
    models.push_back(amateur.model.get());
  }
  SchedulerOptions scheduling{.prefill_chunk_size = options_.model.prefill_chunk_size};
  scheduler_ = std::make_unique<Scheduler>(models, scheduling);
}

std::unique_ptr<LlamaModel> Session::make_model(std::shared_ptr<const LlamaFile> file, const Room& room) const {
  const auto sum = [](const std::vector<int>& needs) {
    const long all = std::accumulate(needs.begin(), needs.end(), 0L);
    return static_cast<int>(std::min<long>(all, 1 << 30));
  };
  const int branches = 1 + sum(room.branches);  // one for evaluating a node beside its cell
  return std::make_unique<LlamaModel>(std::move(file), options_.model, sum(room.cells), std::min(branches, 256));
}

Session::Amateur& Session::amateur_of(const GenerationConfig& config) {
  const auto same = [&](const Amateur& each) { return each.name == config.amateur; };
  auto amateur = std::find_if(amateurs_.begin(), amateurs_.end(), same);
  if (amateur == amateurs_.end()) amateur = amateurs_.insert(amateur, Amateur(config.amateur));
  return *amateur;
}

std::shared_ptr<const LlamaFile> Session::load_amateur(const std::string& name) const {
  ModelOptions options = options_.model;
  options.model = name;
  if (is_self_model(name)) return load_self_model(name, *file_, options);
  auto file = load_model(options, options_.quiet);
  check_same_vocabulary(file_->vocab(), file_->name(), file->vocab(), file->name());
  return file;
}

std::vector<const LlamaFile*> Session::files() const {
  std::vector<const LlamaFile*> files = {file_.get()};
  for (const Amateur& amateur : amateurs_) files.push_back(amateur.file.get());
  return files;
}

// Of the scheduler's models.
int Session::amateur_index(const std::string& name) const {
  for (std::size_t i = 0; i < amateurs_.size(); ++i) {
    if (amateurs_[i].name == name) return static_cast<int>(i) + 1;
  }
  throw Error(ErrorKind::internal, "the amateur {} was not loaded", name);
}

std::unique_ptr<Run> Session::start(const GenerationConfig& config, StrategyFunction strategy, RunObserver* observer,
                                    Voices voices, int prompt_index) {
  std::vector<int> models = {0};
  if (voices == Voices::amateur_alone) models.clear();
  if (!config.amateur.empty()) models.push_back(amateur_index(config.amateur));
  GenerationConfig own = config;
  if (voices == Voices::amateur_alone) own.amateur.clear();
  const Prompt prompt = prompt_for(config, prompt_index);
  return decant::start(*scheduler_, {.config = own,
                            .prompt = prompt.tokens,
                            .negative_prompt = negative_prompt(config),
                            .healed = prompt.healed,
                            .strategy = std::move(strategy),
                            .models = std::move(models),
                            .observer = observer});
}

int Session::drive(const Run& run) {
  catch_interrupts();
  Progress reading("reading the prompt", !options_.quiet);
  const int prompt = run.stats().prompt_tokens;
  while (!interrupted() && scheduler_->step()) {
    const std::int64_t read = run.stats().rows;
    if (prompt - read > options_.model.prefill_chunk_size) {
      reading.update(static_cast<double>(read) / prompt);
    } else {
      reading.wipe();  // the next step may write the first token
    }
  }
  return interrupted() ? 128 + interrupted() : 0;
}

}  // namespace decant
