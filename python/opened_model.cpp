// Tested by tests/python/.
#include "python/opened_model.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "cli/session.h"
#include "llama/llama_model.h"
#include "server/prompts.h"
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
  decant::complete(config, request.prompt.chat, *file_);
  if (config.token_healing) request.prompt = healed(std::move(request.prompt), vocab());
}

Ticket OpenedModel::submit(const Request& request) {
  const std::shared_ptr<ServedModel> model = this->model();
  const GenerationConfig& config = request.config;
  const auto find = [&](const std::string& name, bool only_drafts) {
    ModelOptions options = options_;
    options.model = name;
    return load_model(options, quiet_, only_drafts);
  };
  Job job;
  job.config = config;
  job.model = model->load_named(config, static_cast<bool>(request.function), find);
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
