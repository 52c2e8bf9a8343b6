// What one model has read of the prefix tree, and how to have the rest read: what is the same however it remembers.
//
// KvCache is that of models that remember every token by itself, and StateCache of those whose memory of a text is one
// state, which each token overwrites. make_cache() chooses.
//
// A node whose memory was dropped to make room is read again when somebody asks for it or for a descendant. Nothing is
// ever evaluated against a wrong context.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/model.h"
#include "tree/prefix_tree.h"

namespace decant {

class Cache : public PrefixTree::Observer {
 public:
  Cache(PrefixTree& tree, Model& model);
  ~Cache() override;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  Model& model() const { return model_; }
  virtual std::shared_ptr<Cache> below() const { return nullptr; }  // of model.lower()
  int cells() const { return cells_; }                              // in use, after the releases so far
  int sequences() const { return sequences_; }                      // in use

  // ---- building a batch -------------------------------------------------------------------------------------------
  // Rows that a batch would need to evaluate `node` now: it and its ancestors that are not remembered and not yet in
  // the batch.
  virtual int rows_needed(NodeId node) const = 0;

  // The first node on the way down to `node` that ends a chunk of `chunk` positions, among those to be read: prefill is
  // always cut at multiples of `chunk`, whatever else is in the batch.
  virtual NodeId chunk_end(NodeId node, int chunk);

  void begin() {
    claims_.clear();
    lack_ = Lack::none;
    begun();
  }

  // Somebody of this age (smaller is older) will want `node`: in this batch nobody younger can take what leads to it.
  void claim(NodeId node, int age) { claims_.push_back({node, age}); }

  // Adds to the batch what evaluating `node` takes and returns the node's row, or -1 if it does not fit beside what is
  // already in the batch and claimed. With outputs, a node that was read is evaluated again (its logits are not kept).
  // The caller keeps the node alive until forward().
  int add(NodeId node, const Outputs* outputs, int age = 0);

  // Why an add() did not fit; none: all since begin(), or since this was forgotten, have.
  enum class Lack { none, rows, outputs, cells, sequences };
  Lack lack() const { return lack_; }
  void forget_lack() { lack_ = Lack::none; }

  int rows() const { return static_cast<int>(batch_.size()); }
  int output_rows() const { return output_rows_; }

  // Evaluates the batch and empties it. If the model throws, the batch's nodes are not remembered.
  void forward();

  // Of the last forward: its rows, and those of them that were asked for anything.
  int last_rows() const { return static_cast<int>(model_rows_.size()); }
  int last_asked_rows() const { return last_asked_rows_; }

  // Takes back what was added since the last batch.
  void abandon() { end(Fate::abandoned); }

  // Forgets all, what is below too, and what is written in cells. REQUIRES: no batch is being built.
  virtual void clear() = 0;

  // ---- for the cache above (Carry) --------------------------------------------------------------------------------
  // What the model says of a node, from when it is evaluated until it is forgotten or the node is gone; {}: nothing.
  void keep(const Outputs& outputs) {
    kept_ = outputs;
    states_.clear();
  }
  bool keeps() const { return kept_.any(); }
  std::span<const float> state(NodeId node) const;  // states in their order, then hidden; empty: not known
  const std::unordered_map<NodeId, std::vector<float>>& states() const { return states_; }
  void forget_state(NodeId node) { states_.erase(node); }

  // Passes pending releases on to the model. forward() does so too; this is for when nothing more will be evaluated.
  virtual void flush() = 0;

 protected:
  struct BatchRow {
    NodeId node = kNoNode;
    std::vector<SeqId> seqs;
    Outputs outputs = {};
    bool again = false;  // the node has a cell elsewhere; this one goes with its own sequence after the batch
  };
  struct Claim {
    NodeId node;
    int age;
  };
  enum class Fate { evaluated, failed, abandoned };  // of a batch

  int refuse(Lack lack) {
    lack_ = lack;
    return -1;
  }
  virtual void begun() {}                      // before a batch is built
  virtual int row_of(NodeId node) const = 0;   // in the batch, or -1
  virtual int push(NodeId node, int age) = 0;  // its row, the last; or refuses
  virtual void prepare() {}                    // before the rows of a batch go to the model
  virtual void evaluated() {}                  // while the model's outputs are those of the batch
  virtual void end_batch(Fate fate) = 0;
  virtual std::span<const float> state_for(NodeId) const { return {}; }  // Row::state

  void remember(NodeId node, const Outputs& outputs, int row);
  void forget_states() { states_.clear(); }

  PrefixTree& tree_;
  Model& model_;
  std::vector<BatchRow> batch_;
  std::vector<Claim> claims_;
  std::vector<NodeId> chain_;  // scratch: nodes to be read, last to first
  std::uint64_t batch_number_ = 1;
  int cells_ = 0;
  int sequences_ = 0;

 private:
  void want(int row, const Outputs& outputs);
  void evaluate();
  void end(Fate fate);

  Outputs kept_ = {};
  std::unordered_map<NodeId, std::vector<float>> states_ = {};
  std::vector<Row> model_rows_;
  int output_rows_ = 0;  // with logits
  int last_asked_rows_ = 0;
  Lack lack_ = Lack::none;
};

// `below`: of model.lower().
std::shared_ptr<Cache> make_cache(PrefixTree& tree, Model& model, std::shared_ptr<Cache> below = nullptr);

}  // namespace decant
