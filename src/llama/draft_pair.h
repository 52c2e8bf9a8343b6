// A model and what drafts with what that model itself computes: its head for further tokens, an EAGLE-3 file, its own
// lower layers. Such two are made together.
#pragma once

#include <memory>
#include <string>

#include "llama/llama_file.h"
#include "model/model.h"
#include "options/model_options.h"

namespace decant {

class LlamaModel;

struct DraftPair {
  std::shared_ptr<LlamaModel> target;
  std::shared_ptr<Model> draft;

  explicit operator bool() const { return target != nullptr; }
};

struct PairRoom {
  int cells, sequences;  // of each
  int rewind;            // of the target
};

// Empty: the draft is a model by itself. `name` is the draft's, and `draft` its file, null where it has none of its
// own. `divides`: nobody looks into the target, so that it may be divided. Throws Error for two that do not go
// together.
DraftPair make_draft_pair(const std::shared_ptr<const LlamaFile>& file, const std::string& name,
                          const std::shared_ptr<const LlamaFile>& draft, bool divides, const ModelOptions& options,
                          const PairRoom& room);

// Whether one that reads what the target says; else it may be the target's lower layers, or a model by itself.
bool is_draft_head(const std::string& name, const LlamaFile* draft);

}  // namespace decant
