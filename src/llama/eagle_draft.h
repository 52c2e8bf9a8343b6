// A draft of the kind EAGLE-3 (Li et al. 2025, arXiv 2503.01840): one layer that reads a token and, fused into one
// state, what three layers of its target read behind the token before; behind a guess, the state that it has left there
// itself.
//
// The first token of a text has no row, as there is nothing before it: what is position n above is n - 1 here.
#pragma once

#include <memory>
#include <vector>

#include "llama/llama_model.h"

namespace decant {

// Throws Error(unavailable) where it does not belong to such a model: other widths, or layers that nobody can look at.
void check_eagle_draft(const LlamaFile& draft, const LlamaModel& target);

class EagleDraft : public LlamaModel {
 public:
  // REQUIRES: check_eagle_draft(). Never evaluated at the same time as `target`, with no more cells and sequences.
  EagleDraft(std::shared_ptr<const LlamaFile> file, std::shared_ptr<LlamaModel> target, const ModelOptions& options,
             int cells, int sequences);

  std::shared_ptr<Model> lower() override { return target_; }
  Carry carry() override { return {.of_lower = of_target_, .from_parent = true}; }

  void copy_sequence(SeqId from, SeqId to, int end) override;
  void trim_sequence(SeqId sequence, int begin) override;
  void forward(std::span<const Row> rows) override;
  std::span<const float> logits(int row) const override;
  std::span<const float> hidden(int row) const override;

 private:
  void fuse(std::span<const Row> rows);

  std::shared_ptr<LlamaModel> target_;
  Outputs of_target_;
  std::vector<Row> rows_;       // without those of first tokens
  std::vector<int> place_;      // by row: in rows_, or -1
  std::vector<float> states_;   // of the target, by row that brings them
  std::vector<float> fused_;    // what becomes of them
  std::vector<float> nothing_;  // what is said of a first token: no token rather than another
};

}  // namespace decant
