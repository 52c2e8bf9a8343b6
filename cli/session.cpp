#include "cli/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "hub/hub.h"
#include "llama/load_probe.h"
#include "llama/self_model.h"
#include "model/same_vocabulary.h"
#include "options/table.h"
#include "processors/token_healing.h"
#include "run/stop.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The engine's name of the model that the user gave: no amateur can have it.
constexpr std::string_view kExpert = "";

constexpr int kDefaultCells = 8192;  // that a request gets, at most, where nobody has said how many

}  // namespace

std::shared_ptr<const LlamaFile> load_model(const ModelOptions& options, bool quiet) {
  check_ranges(model_fields(), options);
  const auto download = quiet ? DownloadProgress::silent : DownloadProgress::on_stderr;
  const std::filesystem::path path = resolve_model(options.model, download);
  if (probe_model(path) == Probe::no_program && !quiet)
    tell(fmt::format("{} was not tried before it is loaded: there is no decant program to do it\n", path.string()));
  Progress loading("loading the model", !quiet);
  const auto update = [&](float done) { loading.update(static_cast<double>(done)); };
  return std::make_shared<const LlamaFile>(path, options, update);
}

void add_session_flags(Flags& flags, SessionOptions& options, GenerationConfig& config) {
  PromptOptions& prompt = options.prompt;
  flags.own("PROMPT", prompt.argument, "the prompt; - is standard input, as is no prompt at all");
  const auto text = [&](const char* names, auto& value, const char* doc) {
    flags.own(names, value, doc).type("TEXT").group("Prompt");
  };
  text("-p,--prompt", prompt.text, "the prompt");
  flags.own("-f,--file", prompt.file, "a file with the prompt; - is standard input").type("FILE").group("Prompt");
  text("--system", prompt.system, "system message of the chat");
  flags.own("--no-chat-template", prompt.no_chat_template, "the prompt as it is, special tokens parsed")
      .group("Prompt");
  flags.own("--show-prompt", options.show_prompt, "what the model reads, on standard error").group("Prompt");
  flags.own("--quiet", options.quiet, "no progress on standard error").group("Output");
  const auto from_file = [&](const char* flag, const char* option, const char* doc) {
    const auto read = [&config, option, flag](const std::string& path) {
      set(config, get(generation_fields(), option), read_text_file(path, flag));
    };
    flags.own_function(flag, read, doc).type("FILE").group("Bans and constraints");
  };
  from_file("--grammar-file", "grammar", "a file with the grammar");
  from_file("--json-schema-file", "json_schema", "a file with the schema");
}

Session::Session(const SessionOptions& options) : Session(options, std::vector{read_prompt(options.prompt)}) {}

Session::Session(const SessionOptions& options, std::span<const std::string> prompts)
    : options_(options), costs_(options.live) {
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

Prompt Session::prompt_for(const GenerationConfig& config, int index) const {
  Prompt prompt = this->prompt(index);
  if (!config.token_healing) return prompt;
  prompt.healed = heal(prompt.tokens, file_->vocab());
  if (prompt.text.ends_with(prompt.healed)) prompt.text.resize(prompt.text.size() - prompt.healed.size());
  return prompt;
}

void Session::expect(const GenerationConfig& config) {
  const StrategyRow& row = resolve_strategy(config);
  const Room room = row.room(config);
  const int negative = static_cast<int>(negative_prompt(config).size());
  for (const Prompt& prompt : prompts_) {
    const int length = static_cast<int>(prompt.tokens.size()), longest = file_->trained_context();
    const int twice = config.guidance_scale == 1 ? 1 : 2;
    const int most = options_.model.ctx_size > 0
                         ? options_.model.ctx_size
                         : std::max(std::min(max_length(config, length), longest) * twice, kDefaultCells);
    Cost cost = cost_of(config, room, length, negative, longest);
    cost.cells = std::min(cost.cells, most);
    costs_.add(cost);
    for (const std::string& name : row.models(config)) {
      further(name).costs.add(
          {.cells = cost.cells, .branches = cost_of_further(config, room, length, negative, longest).branches});
    }
  }
}

void Session::open(std::span<const GenerationConfig> configs) {
  for (const GenerationConfig& config : configs) expect(config);
  open();
}

void Session::open() {
  const auto begin = Clock::now();
  engine_ = std::make_unique<Engine>(EngineOptions{.prefill_chunk_size = options_.model.prefill_chunk_size,
                                                   .max_live = static_cast<std::size_t>(options_.live),
                                                   .kept_texts = 0});
  for (Further& each : further_) each.file = load_further(each.name);
  model_ = make_model(std::string(kExpert), file_, costs_.sum());
  for (const Further& each : further_) make_model(each.name, each.file, each.costs.sum());
  load_s_ += since(begin);
}

const LlamaModel* Session::make_model(const std::string& name, std::shared_ptr<const LlamaFile> file,
                                      const Cost& cost) {
  const LlamaModel* made = nullptr;
  engine_->load(name, [&] {
    const int branches = 1 + cost.branches;  // one for evaluating a node beside its cell
    auto model = std::make_unique<LlamaModel>(std::move(file), options_.model, cost.cells, std::min(branches, 256));
    made = model.get();
    return model;
  });
  return made;
}

Session::Further& Session::further(const std::string& name) {
  const auto same = [&](const Further& each) { return each.name == name; };
  auto found = std::find_if(further_.begin(), further_.end(), same);
  if (found == further_.end()) found = further_.insert(found, {name, CostsAtOnce(options_.live)});
  return *found;
}

std::shared_ptr<const LlamaFile> Session::load_further(const std::string& name) const {
  ModelOptions options = options_.model;
  options.model = name;
  if (is_self_model(name)) return load_self_model(name, *file_, options);
  auto file = load_model(options, options_.quiet);
  check_same_vocabulary(file_->vocab(), file_->name(), file->vocab(), file->name());
  return file;
}

std::vector<const LlamaFile*> Session::files() const {
  std::vector<const LlamaFile*> files = {file_.get()};
  for (const Further& each : further_) files.push_back(each.file.get());
  return files;
}

Ticket Session::start(const GenerationConfig& config, Start how) {
  const Prompt prompt = prompt_for(config, how.prompt);
  Job job{.model = std::string(kExpert), .config = config};
  if (how.voices == Voices::amateur_alone) job.model = std::exchange(job.config.amateur, "");
  job.prompt = prompt.tokens;
  job.negative_prompt = negative_prompt(config);
  job.healed = prompt.healed;
  job.strategy = std::move(how.strategy);
  job.wishes = how.wishes;
  job.bell = std::move(how.bell);
  return engine_->submit(std::move(job));
}

int Session::drive(Ticket& ticket, RunObserver& observer) {
  constexpr auto patience = std::chrono::milliseconds(50);  // between two looks at progress and interrupts
  catch_interrupts();
  {
    Progress reading("reading the prompt", !options_.quiet);
    bool nothing_told = true;
    while (!interrupted() && !ticket.ended()) {
      const std::optional<Event> event = ticket.next(patience);
      if (event) {
        reading.wipe();  // before anything is written
        nothing_told = false;
        tell(observer, *event);
      } else if (const RunStats stats = ticket.stats();
                 nothing_told && stats.rows > 0 && stats.rows < stats.prompt_tokens) {
        reading.update(static_cast<double>(stats.rows) / stats.prompt_tokens);
      }
    }
  }
  if (!ticket.ended()) ticket.cancel();
  while (const auto event = ticket.next()) tell(observer, *event);
  return interrupted() ? 128 + interrupted() : 0;
}

}  // namespace decant
