// Tested by tests/python/.
#include "python/opened_model.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "cli/session.h"
#include "llama/self_model.h"
#include "model/same_vocabulary.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

constexpr int kSequences = 128;  // branches of all requests at once; each costs room for a row of logits

// The engine's name of the model itself: no further one can have it.
constexpr std::string_view kExpert = "";

}  // namespace

OpenedModel::OpenedModel(const ModelOptions& options, bool quiet) : options_(options), quiet_(quiet) {
  const auto begin = std::chrono::steady_clock::now();
  file_ = load_model(options, quiet);
  const auto model = std::make_shared<LlamaModel>(file_, options_, options_.ctx_size, kSequences, kMostTakenBack);
  info_ = model->info();
  description_ = model->describe();
  engine_ = std::make_shared<Engine>(EngineOptions{.prefill_chunk_size = options_.prefill_chunk_size});
  engine_->load(std::string(kExpert), [&] { return model; });
  load_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::shared_ptr<Engine> OpenedModel::engine() const {
  const std::lock_guard lock(mutex_);
  if (!engine_) throw Error(ErrorKind::usage, "the model {} has been closed", file_->name());
  return engine_;
}

void OpenedModel::close() {
  std::shared_ptr<Engine> last;
  const std::lock_guard lock(mutex_);
  last.swap(engine_);
}

void OpenedModel::complete(Request& request) const {
  GenerationConfig& config = request.config;
  request.strategy = resolve_strategy(config).name;
  if (!config.seed) config.seed = random_seed();
  if (request.prompt.chat && !config.eos_token_id) config.eos_token_id = vocab().end_of_turn();
  if (config.token_healing) request.prompt = healed(std::move(request.prompt), vocab());
}

void OpenedModel::open_further(Engine& engine, const std::string& name, bool only_drafts) {
  const auto make = [&] {
    ModelOptions options = options_;
    options.model = name;
    const auto file = is_self_model(name) ? load_self_model(name, file_, options) : load_model(options, quiet_);
    return std::make_shared<LlamaModel>(file, options, info_.n_cells, kSequences);
  };
  engine.load(name, make, only_drafts ? 1 : 0);
  if (only_drafts) return;
  const std::lock_guard lock(mutex_);
  if (same_vocabulary_.contains(name)) return;
  check_same_vocabulary(vocab(), file_->name(), engine.model(name)->vocab(), name);
  same_vocabulary_.insert(name);
}

Ticket OpenedModel::submit(const Request& request) {
  const std::shared_ptr<Engine> engine = this->engine();
  const GenerationConfig& config = request.config;
  const StrategyRow& row = resolve_strategy(config);
  const std::vector<std::string> names = models_of(row, config);
  for (std::size_t i = 0; i < names.size(); ++i)
    open_further(*engine, names[i], i + static_cast<std::size_t>(n_drafting(row, config)) >= names.size());

  Job job{.model = std::string(kExpert), .config = config};
  const std::size_t known = request.from.tokens().size();
  job.from = request.from;
  job.prompt.assign(request.prompt.tokens.begin() + static_cast<std::ptrdiff_t>(known), request.prompt.tokens.end());
  if (config.guidance_scale != 1 && !config.negative_prompt.empty()) {
    const PromptOptions as_prompt{.no_chat_template = !request.prompt.chat};
    job.negative_prompt = make_prompt(config.negative_prompt, as_prompt, *file_).tokens;
  }
  job.healed = request.prompt.healed;
  job.processors = request.processors;
  job.strategy = request.function;
  job.wishes = request.wishes;
  job.bookmarks = request.bookmarks;
  job.bell = request.bell;
  return engine->submit(std::move(job));
}

RunInfo OpenedModel::run_info(const Request& request) const {
  return {info_.name, request.strategy,     request.config, request.prompt.tokens, request.prompt.text, load_s_,
          {},         request.prompt.healed};
}

}  // namespace decant
