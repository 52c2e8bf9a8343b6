// A GGUF model run by libllama.
//
// The file (weights and vocabulary) and the context (cache and compute buffers) are two objects, because the first is
// needed to know how many tokens a prompt has, and the second is sized by that; and one file may serve several
// contexts. Only this folder and kernels/ include the headers of libllama and ggml.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/isa.h"
#include "llama/graph_layers.h"
#include "llama/library.h"
#include "llama/llama_file.h"
#include "model/model.h"
#include "options/model_options.h"

struct ggml_tensor;
struct llama_context;
struct llama_context_params;

namespace decant {

class LayerHead;
class Threads;

// Tokens of a draft that a model with states is to take back, at most: a state is kept of each, for every branch.
inline constexpr int kMostTakenBack = 8;

// Positions of a cache that take a quarter of this machine's memory.
std::int64_t affordable_cells(const LlamaFile& file, const ModelOptions& options);

// The smallest cache in which layers with a sliding window keep no more than a window for each sequence; 0: there are
// none. Then, as with a state, a text goes on from where it ended and nowhere else, which is not worth it for less than
// half of the cells.
std::int64_t cells_for_windows(const LlamaFile& file, const ModelOptions& options, int sequences);

class LlamaModel : public Model {
 public:
  // What of a file is evaluated: its layers, or a head, whose rows bring a token and what another model says of the
  // text before (Carry::from_parent): that of a model's own file (llama/next_head.h), or a file of its own
  // (eagle_draft.h).
  enum class Part { layers, next_head, eagle };

  // `cells`: positions in the cache; 0: options.ctx_size, or by default what the model was trained for, at most 8192.
  // `sequences`: branches that can be in the cache at once, at most 256; each costs room for a row of logits,
  // and for a state; there are fewer where states would take a quarter of this machine's memory.
  // `rewind`: tokens that a model with a state is to be able to take back (ModelInfo::rewind), where libllama can; each
  // costs the memory of a state for every sequence. `in_turn`: another that is never evaluated at the same time, whose
  // threads are these then; of a head, the model that it belongs to, which outlives it.
  LlamaModel(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int cells = 0, int sequences = 64,
             int rewind = 0, const LlamaModel* in_turn = nullptr, Part part = Part::layers);
  ~LlamaModel() override;

  const ModelInfo& info() const override { return info_; }
  const LlamaVocab& vocab() const override { return file_->vocab(); }

  void copy_sequence(SeqId from, SeqId to, int end) override;
  void trim_sequence(SeqId sequence, int begin) override;
  void clear() override;
  void forward(std::span<const Row> rows) override;
  std::span<const float> logits(int row) const override;
  std::span<const float> hidden(int row) const override;
  std::span<const float> layer_logits(int row, int layer) const override;
  std::span<const float> state(int row, int layer) const override;
  Head* head() override;

  // "f16 cache of 512 positions, flash attention, 2 threads, AVX-512 VNNI kernels", and what those leave to ggml.
  std::string describe() const;
  int threads() const;

  // From now on the last layer is not evaluated: of what it reads there are states, and beside states nothing may be
  // asked for. libllama hands those out for every row only of a layer that another follows.
  void stop_before_last_layer();
  llama_context* handle() const { return context_.get(); }
  const LlamaFile& file() const { return *file_; }

 protected:
  // What libllama's encoder makes of `rows` states: as many of n_embd floats, valid until the next forward().
  std::span<const float> encode(std::span<float> states, int rows);

 private:
  struct Wishes {  // of all rows of a batch
    bool logits = false, hidden = false, layers = false;
    bool spares_logits = false;  // of a row with a hidden state
  };
  struct Kept {  // of one row
    std::vector<float> logits, hidden;
    std::vector<std::pair<int, std::vector<float>>> layers, states;
  };

  bool is_head() const { return part_ != Part::layers; }
  static bool watch(ggml_tensor* tensor, bool ask, void* self);
  static bool is_unwanted(void* self);
  llama_context_params context_params(const ModelOptions& options, int cells, int sequences, int rewind);
  bool has_states() const { return info_.rewind != kRewindAll && !has_windows_; }
  std::size_t place(int row) const {
    const auto index = static_cast<std::size_t>(row);
    return place_.empty() ? index : static_cast<std::size_t>(place_[index]);
  }
  std::span<const Row> by_sequence(std::span<const Row> rows);
  void slide_windows();
  void check(std::span<const Row> rows) const;
  void evaluate(std::span<const Row> rows);
  void find_pieces(std::span<const Row> rows);
  void evaluate_in_pieces(std::span<const Row> rows);
  Wishes fill_batch(std::span<const Row> rows);
  void want_layers(std::span<const Row> rows);
  void take_state(const ggml_tensor* tensor, int layer);
  void decode(std::size_t rows, bool states);
  void check_states(std::size_t rows) const;
  void apply_head(std::span<const Row> rows);
  Kept keep(std::size_t at, const Outputs& outputs) const;
  std::span<const float> logits_at(std::size_t at) const;
  std::span<const float> hidden_at(std::size_t at) const;
  std::span<const float> layer_logits_at(std::size_t at, int layer) const;
  std::span<const float> state_at(std::size_t at, int layer) const;

  std::shared_ptr<const LlamaFile> file_;
  Part part_;
  ModelInfo info_;
  std::string description_;
  std::optional<kernels::Isa> isa_;  // of our kernels, where they compute
  std::set<std::string> left_;       // to ggml, in the first forward (kernels/hook.h)
  bool left_is_known_ = false;
  std::unique_ptr<Threads> threads_;
  ContextHandle context_;
  bool has_windows_ = false;    // of layers with a sliding window no more is kept than that
  bool hidden_ = false;         // the context returns hidden states
  std::string last_tensor_;     // of a forward, "": the graph's
  bool stops_at_head_ = false;  // the forward under way: its logits are computed by us, for the rows that want them
  GraphLayers layers_of_graph_;
  std::map<std::string, int, std::less<>> layer_by_name_;  // of its input
  bool wants_layers_ = false;                              // the forward under way
  std::vector<bool> layer_wanted_;                         // in it
  std::vector<std::vector<float>> layer_states_;           // what each layer has read in it
  std::unique_ptr<LayerHead> head_;
  std::vector<std::vector<std::pair<int, std::size_t>>> layers_;  // by row: (layer, offset in layer_logits_)
  std::vector<float> layer_logits_;
  std::vector<Kept> kept_;           // by place, where the forward took several decodes
  std::vector<Row> ordered_;         // the rows by sequence, if they have states
  std::vector<int> place_;           // of each row among them
  std::vector<std::size_t> pieces_;  // where each ends

  // The batch, as libllama wants it.
  std::vector<std::int32_t> tokens_, positions_, sequence_counts_;
  std::vector<std::int32_t*> sequences_;
  std::vector<std::int8_t> outputs_;
  std::vector<float> states_;
};

}  // namespace decant
