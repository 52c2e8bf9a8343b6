// Tested by tests/cli/run_test.py and tests/python/.
#include "llama/draft_pair.h"

#include "llama/eagle_draft.h"
#include "llama/kinds.h"
#include "llama/llama_model.h"
#include "llama/next_head.h"
#include "llama/self_model.h"
#include "llama/split_model.h"

namespace decant {

bool is_draft_head(const std::string& name, const LlamaFile* draft) {
  return name == kNextHead || (draft && is_draft(draft->info()));
}

DraftPair make_draft_pair(const std::shared_ptr<const LlamaFile>& file, const std::string& name,
                          const std::shared_ptr<const LlamaFile>& draft, bool divides, const ModelOptions& options,
                          const PairRoom& room) {
  const auto [cells, sequences, rewind] = room;
  if (is_draft_head(name, draft.get())) {
    if (name == kNextHead) check_next_head(*file);
    const auto target = std::make_shared<LlamaModel>(file, options, cells, sequences, rewind);
    if (name == kNextHead) return {target, std::make_shared<NextHead>(file, target, options, cells, sequences)};
    check_eagle_draft(*draft, *target);
    return {target, std::make_shared<EagleDraft>(draft, target, options, cells, sequences)};
  }
  const int layers = self_layers(name);
  if (!divides || layers == 0 || !can_split(*file, layers, options)) return {};
  auto below = std::make_shared<LowerLayers>(file, layers, name, options, cells, sequences);
  return {std::make_shared<UpperLayers>(file, below, options, cells, sequences), below};
}

}  // namespace decant
