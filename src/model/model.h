// The lower seam: a language model as a cache of cells and a function from rows to outputs.
//
// Only tree/kv_cache calls the cache methods and forward(), and measure/, which times them; nobody above them sees a
// sequence id. Two implementations: LlamaModel (libllama) and the tests' TableModel, which checks what it is asked.
//
// The cache is "unified": a cell holds the keys and values of one (position, token) and the set of sequences that see
// it. A row attends to the cells of its first sequence at positions up to its own.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"

namespace decant {

class Vocab;

using SeqId = std::int32_t;  // a set of cells: one path through the cache

inline constexpr int kRewindAll = std::numeric_limits<int>::max();

// As a model's name: the head that another's file carries for the token after the next.
inline constexpr std::string_view kNextHead = "self:mtp";

struct ModelInfo {
  std::string name;
  int n_vocab = 0;
  int n_embd = 0;
  int n_layer = 0;
  int n_cells = 0;        // positions the cache can hold, over all sequences
  int n_context = 0;      // positions 0 to n_context - 1 are valid: the trained context, or the cache if it is smaller
  int max_sequences = 0;  // sequences that can live at once
  int max_rows = 0;       // rows in one forward()
  int max_outputs = 0;    // rows with logits, or logits of layers, in one forward(); other outputs are not counted
  bool tied_embeddings = false;
  bool has_layers = false;          // states of layers can be asked for, and there is a head for them
  bool is_head = false;             // it says nothing without another model: Carry::from_parent
  bool logits_from_hidden = false;  // the head applied to the last hidden state gives the logits of the row
  // kRewindAll: the cache is cells. Less: it is a state for each sequence, or windows that move on with it. Then a
  // sequence is copied as it is or not at all, and not after going back until it has gone on; a row has one sequence;
  // and trim_sequence() takes back all, or once up to as many tokens of those that the last forward() has read of the
  // sequence, its first not among them.
  int rewind = kRewindAll;
  bool keeps_rows_apart = true;  // a NaN in one sequence's cells cannot reach the rows of another; known for certain
                                 // after the first forward()
  std::function<std::string()> damaged_tensor = {};  // looks for weights that are no numbers: "" where there are none
};

// What a row returns besides filling its cell. States are numbered as Hugging Face's hidden_states: i is what layer i
// reads, so 0 is the embedding.
struct Outputs {
  bool logits = false;
  bool hidden = false;           // last hidden state after the final norm: Hugging Face's hidden_states[-1]
  std::vector<int> layers = {};  // logits of the head applied to hidden_states[i], without the final norm (DoLa)
  std::vector<int> states = {};  // hidden_states[i] themselves, 0 <= i < n_layer

  bool any() const { return logits || hidden || !layers.empty() || !states.empty(); }
  bool any_logits() const { return logits || !layers.empty(); }  // what max_outputs counts
};

struct Row {
  Token token = 0;
  int position = 0;
  std::span<const SeqId> sequences;   // the cell's sequences; all end at position - 1 when forward() is called
  const Outputs* outputs = nullptr;   // null: only the cell
  std::span<const float> state = {};  // n_embd floats in place of the token's embedding; `token` is then not read, but
                                      // where Carry says so
};

// How a row of a model that stands on another one (Model::lower) comes by its state.
struct Carry {
  Outputs of_lower = {};     // no logits: states in this order, then hidden
  bool from_parent = false;  // they are those of the text without the row's token, which the row brings as well. Of the
                             // empty text they are zeros, as many as its own hidden() has; where lower() has not read
                             // the text, its own hidden() there may stand for them
};

// The output matrix: what turns states into logits.
class Head {
 public:
  virtual ~Head() = default;

  // states: n rows of n_embd floats, one after the other. logits: n rows of n_vocab.
  virtual void apply(std::span<const float> states, std::span<float> logits) = 0;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;
  virtual const Vocab& vocab() const = 0;

  // Every cell of `from` at a position below `end` also becomes one of `to`, which must be empty. Copies no data.
  virtual void copy_sequence(SeqId from, SeqId to, int end) = 0;

  // `sequence` forgets its cells at `begin` and later; a cell that no sequence holds is free. Throws Error(internal)
  // where the model cannot go back so far (ModelInfo::rewind).
  virtual void trim_sequence(SeqId sequence, int begin) = 0;

  // Forgets every cell, and what was in it: what comes depends on nothing before.
  virtual void clear() = 0;

  // Evaluates the rows in order, each after its predecessors. Throws Error and leaves the cache as it was; for a
  // position that is not valid among others.
  virtual void forward(std::span<const Row> rows) = 0;

  // Outputs of row i of the last forward(), if asked for; valid until the next one. Sizes n_vocab, n_embd, n_vocab,
  // n_embd.
  virtual std::span<const float> logits(int row) const = 0;
  virtual std::span<const float> hidden(int row) const = 0;
  virtual std::span<const float> layer_logits(int row, int layer) const = 0;
  virtual std::span<const float> state(int row, int layer) const = 0;

  // Null where the model has none that could be applied by itself. For the thread that calls forward().
  virtual Head* head() = 0;

  // Of a model of upper layers, the model of those below: each row brings, as its state, what carry() says; if nothing
  // else, the last state of lower() at the same text. Null: the model reads tokens. The same at each call.
  virtual std::shared_ptr<Model> lower() { return nullptr; }
  virtual Carry carry() { return {.of_lower = {.states = {lower()->info().n_layer - 1}}}; }  // REQUIRES: lower()
};

}  // namespace decant
