// Tested by tests/server/serve_test.py and tests/python/.
#include "server/served_model.h"

#include <algorithm>
#include <utility>

#include "llama/draft_pair.h"
#include "llama/llama_model.h"
#include "llama/self_model.h"
#include "model/same_vocabulary.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

constexpr std::string_view kItself = "";  // the engine's name of it: no further model can have it

constexpr int kSequences = 128;  // branches of all requests at once; each costs room for a row of logits

}  // namespace

ServedModel::ServedModel(std::string name, std::shared_ptr<const LlamaFile> file, const ModelOptions& options,
                         const EngineOptions& engine)
    : name_(std::move(name)), file_(std::move(file)), options_(options), engine_(engine) {
  const auto model = std::make_shared<LlamaModel>(file_, options_, 0, kSequences, kMostTakenBack);
  info_ = model->info();
  description_ = model->describe();
  engine_.load(std::string(kItself), [&] { return model; });
}

void ServedModel::load_further(const std::string& name, bool only_drafts, const FindFile& find) {
  const auto make = [&] {
    const auto file = is_self_model(name) ? load_self_model(name, file_, options_) : find(name, only_drafts);
    if (!only_drafts) check_same_vocabulary(file_->vocab(), name_, file->vocab(), name);
    return std::make_shared<LlamaModel>(file, options_, info_.n_cells, kSequences);
  };
  engine_.load(name, make, only_drafts ? 1 : 0);
}

std::string ServedModel::load_draft(const std::string& name, bool divides, const FindFile& find) {
  const std::lock_guard lock(pairing_);
  std::string target = "for " + name;
  const std::vector<std::string> loaded = engine_.models();
  const auto is_loaded = [&](const std::string& each) { return std::ranges::find(loaded, each) != loaded.end(); };
  if (is_loaded(target)) return target;
  if (!is_loaded(name)) {
    const auto draft = is_self_model(name) ? nullptr : find(name, true);
    if (draft && is_draft_head(name, draft.get())) check_same_vocabulary(file_->vocab(), name_, draft->vocab(), name);
    const PairRoom room{.cells = info_.n_cells, .sequences = kSequences, .rewind = kMostTakenBack};
    if (const DraftPair pair = make_draft_pair(file_, name, draft, divides, options_, room)) {
      engine_.load(
          name, [&] { return pair.draft; }, 1);
      engine_.load(target, [&] { return pair.target; });
      return target;
    }
    load_further(name, true, [&](const std::string&, bool) { return draft; });
  }
  return std::string(kItself);
}

std::string ServedModel::load_named(const GenerationConfig& config, bool looks_inside, const FindFile& find) {
  const StrategyRow& row = resolve_strategy(config);
  const std::vector<std::string> names = models_of(row, config);
  const std::size_t first_draft = names.size() - static_cast<std::size_t>(n_drafting(row, config));
  // A head that drafts as well comes before the model's lower part.
  const bool divides = !looks_inside && config.dola_layers.empty() && n_drafting(row, config) == 1;
  std::string reader(kItself);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i < first_draft) {
      load_further(names[i], false, find);
      continue;
    }
    const std::string target = load_draft(names[i], divides, find);
    if (target == kItself) continue;
    if (reader != kItself)
      throw Error(ErrorKind::usage, "two drafters are to read what the model says, and only one can: leave one out");
    reader = target;
  }
  return reader;
}

}  // namespace decant
