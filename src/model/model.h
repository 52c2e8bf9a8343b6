// The lower seam: a language model as a cache of cells and a function from rows to outputs.
//
// Only tree/kv_cache calls the cache methods and only run/scheduler calls forward(); nobody above them sees a sequence
// id. Two implementations: LlamaModel (libllama) and the tests' TableModel, which checks what it is asked.
//
// The cache is "unified": a cell holds the keys and values of one (position, token) and the set of sequences that see
// it. A row attends to the cells of its first sequence at positions up to its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/token.h"

namespace decant {

class Vocab;

using SeqId = std::int32_t;  // a set of cells: one path through the cache

struct ModelInfo {
  std::string name;
  int n_vocab = 0;
  int n_embd = 0;
  int n_layer = 0;
  int n_cells = 0;        // positions the cache can hold, over all sequences
  int n_context = 0;      // longest sequence: the trained context, or the cache where that is smaller
  int max_sequences = 0;  // sequences that can live at once
  int max_rows = 0;       // rows in one forward()
  int max_outputs = 0;    // rows with any output in one forward()
  bool tied_embeddings = false;
  bool keeps_rows_apart = true;  // numbers that are not finite stay in the sequences that they belong to
  bool has_layers = false;       // logits of inner layers can be asked for
};

// What a row returns besides filling its cell.
struct Outputs {
  bool logits = false;
  bool hidden = false;           // last hidden state after the final norm: Hugging Face's hidden_states[-1]
  std::vector<int> layers = {};  // logits of the head applied to hidden_states[i], without the final norm (DoLa)

  std::vector<int> states = {};  // hidden_states[i] as they are

  bool any() const { return logits || hidden || !layers.empty() || !states.empty(); }
  bool has_logits() const { return logits || !layers.empty(); }
};

struct Row {
  Token token = 0;
  int position = 0;
  std::span<const SeqId> sequences;  // the cell's sequences; all end at position - 1 when forward() is called
  const Outputs* outputs = nullptr;  // null: only the cell
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;
  virtual const Vocab& vocab() const = 0;

  // Every cell of `from` at a position below `end` also becomes one of `to`, which must be empty. Copies no data.
  virtual void copy_sequence(SeqId from, SeqId to, int end) = 0;

  // `sequence` forgets its cells at `begin` and later; a cell that no sequence holds is free.
  virtual void trim_sequence(SeqId sequence, int begin) = 0;

  virtual void clear() {}

  // Evaluates the rows in order, each after its predecessors. Throws Error and leaves the cache as it was.
  virtual void forward(std::span<const Row> rows) = 0;

  // Outputs of row i of the last forward(), if asked for; valid until the next one. Sizes n_vocab, n_embd, n_vocab.
  virtual std::span<const float> logits(int row) const = 0;
  virtual std::span<const float> hidden(int row) const = 0;
  virtual std::span<const float> layer_logits(int row, int layer) const = 0;
  virtual std::span<const float> state(int /*row*/, int /*layer*/) const { return {}; }
};

}  // namespace decant
