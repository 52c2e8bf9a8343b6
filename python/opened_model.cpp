// Tested by tests/python/.
#include "python/opened_model.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "cli/session.h"
#include "drafters/drafter.h"
#include "llama/llama_model.h"
#include "llama/next_head.h"
#include "options/table.h"
#include "strategies/resolve.h"

namespace decant {

OpenedModel::OpenedModel(const ModelOptions& options, bool quiet) : options_(options), quiet_(quiet) {
  const auto begin = std::chrono::steady_clock::now();
  file_ = load_model(options, quiet);
  model_ = std::make_shared<ServedModel>(file_->name(), file_, options_,
                                         EngineOptions{.prefill_chunk_size = options_.prefill_chunk_size});
  info_ = model_->info();
  description_ = model_->describe();
  load_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::shared_ptr<ServedModel> OpenedModel::model() const {
  const std::lock_guard lock(mutex_);
  if (!model_) throw Error(ErrorKind::usage, "the model {} has been closed", file_->name());
  return model_;
}

void OpenedModel::close() {
  std::shared_ptr<ServedModel> last;
  const std::lock_guard lock(mutex_);
  last.swap(model_);
}

void OpenedModel::complete(Request& request) const {
  GenerationConfig& config = request.config;
  request.strategy = resolve_strategy(config).name;
  if (!config.seed) config.seed = random_seed();
  if (request.prompt.chat && !config.eos_token_id) config.eos_token_id = vocab().end_of_turn();
  if (chooses_drafters(config) && no_next_head(*file_).empty()) set(config, get(generation_fields(), "mtp"), "true");
  if (config.token_healing) request.prompt = healed(std::move(request.prompt), vocab());
}

Ticket OpenedModel::submit(const Request& request) {
  const std::shared_ptr<ServedModel> model = this->model();
  const GenerationConfig& config = request.config;
  const StrategyRow& row = resolve_strategy(config);
  const std::vector<std::string> names = models_of(row, config);
  const std::size_t first_draft = names.size() - static_cast<std::size_t>(n_drafting(row, config));
  const auto find = [&](const std::string& name, bool only_drafts) {
    ModelOptions options = options_;
    options.model = name;
    return load_model(options, quiet_, only_drafts);
  };
  // Of a model that is divided nobody can see all layers; and a head that drafts as well comes before its lower part.
  const bool divides = config.dola_layers.empty() && !request.function && n_drafting(row, config) == 1;
  Job job;
  job.config = config;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i < first_draft) {
      model->load_further(names[i], false, find);
      continue;
    }
    const std::string target = model->load_draft(names[i], divides, find);
    if (!target.empty() && !job.model.empty())
      throw Error(ErrorKind::usage, "two drafters are to read what the model says, and only one can: leave one out");
    if (!target.empty()) job.model = target;
  }
  if (request.from.model() == job.model) job.from = request.from;  // another copy has read none of it
  const std::size_t known = job.from.tokens().size();
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
  return model->engine().submit(std::move(job));
}

RunInfo OpenedModel::run_info(const Request& request) const {
  return {info_.name, request.strategy,     request.config, request.prompt.tokens, request.prompt.text, load_s_,
          {},         request.prompt.healed};
}

}  // namespace decant
