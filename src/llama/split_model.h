// A model as two, so that its lower layers can draft (drafters/draft_model.cpp, early_exit) and what they compute
// serves the whole: the lower one is a model by itself, with the final norm and the head behind its last layer, and the
// upper one goes on from the states that it leaves (Model::lower). Both read the weights where they are, and each has
// the cells of its own layers. Together they give the bits of the undivided model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "llama/llama_model.h"

namespace decant {

// Whether a model can be divided behind so many layers: where a state may stand in place of a token's embedding, and
// libllama hands it out.
bool can_split(const LlamaFile& file, int layers, const ModelOptions& options);

class LowerLayers : public Model {
 public:
  // REQUIRES: can_split(). The model is called `name`; cells and sequences as of LlamaModel.
  LowerLayers(const std::shared_ptr<const LlamaFile>& whole, int layers, const std::string& name,
              const ModelOptions& options, int cells, int sequences);

  const ModelInfo& info() const override { return info_; }
  const Vocab& vocab() const override { return layers_.vocab(); }
  void copy_sequence(SeqId from, SeqId to, int end) override { layers_.copy_sequence(from, to, end); }
  void trim_sequence(SeqId sequence, int begin) override { layers_.trim_sequence(sequence, begin); }
  void clear() override { layers_.clear(); }
  void forward(std::span<const Row> rows) override;
  std::span<const float> logits(int row) const override;
  std::span<const float> hidden(int row) const override;
  std::span<const float> layer_logits(int row, int layer) const override;
  std::span<const float> state(int row, int layer) const override { return layers_.state(row, layer); }
  Head* head() override { return layers_.head(); }

  int layers() const { return info_.n_layer - 1; }
  const LlamaModel& part() const { return layers_; }

 private:
  void finish(std::span<const Row> rows);

  LlamaModel layers_;  // and one more, which is never evaluated
  ModelInfo info_;
  kernels::Isa isa_;
  std::vector<float> norm_;  // the final one's weights
  float epsilon_;
  Outputs state_;  // the one wish that layers_ knows
  std::vector<Row> rows_;
  std::vector<int> finished_;  // by row: its place in hidden_ and logits_, or -1
  std::vector<float> hidden_, logits_;
};

class UpperLayers : public LlamaModel {
 public:
  UpperLayers(const std::shared_ptr<const LlamaFile>& whole, std::shared_ptr<LowerLayers> lower,
              const ModelOptions& options, int cells, int sequences);

  const ModelInfo& info() const override { return info_; }
  void forward(std::span<const Row> rows) override;
  std::shared_ptr<Model> lower() override { return lower_; }

 private:
  std::shared_ptr<LowerLayers> lower_;
  ModelInfo info_;
};

}  // namespace decant
