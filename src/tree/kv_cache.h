// Which nodes of the prefix tree have a cell in one model's cache, and how to get the others there.
//
// Invariants:
//  1. If a node has a cell, so has its parent. (The root needs none.)
//  2. Every node with a cell that has no child with a cell, a "tip", owns exactly one sequence; that sequence holds the
//     cells of the tip's path and nothing else. So sequences in use = tips, and cells in use = nodes with a cell.
//  3. seq(n) of a node with a cell is the sequence of some tip below it.
//
// A released node's cell is free at once. When cells or sequences run out, the tips that were used longest ago are
// dropped, but never what the batch being built needs, nor what an older claim needs: so whoever is oldest always gets
// on. A node dropped this way is evaluated again when somebody asks for it or for a descendant. Nothing is ever
// evaluated against a wrong context.
//
// The cache of a model of upper layers (Model::lower) has one below it, in which drafts may have been evaluated
// already. Of each node that was, and that the upper layers have not read yet, its state is kept; a batch has the rest
// evaluated below first. So the cells of the lower layers are those of drafts and of the whole model alike, and what
// they have computed is not computed again.
//
// The cache of a head for further tokens (Carry::from_parent) has that of its model below it. There each row reads what
// the model says of the text before; of drafts, which the model has not read, what the head itself has said. Such cells
// are guesses: once the model has read the text before, they are dropped, and read again if the text goes on with them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/model.h"
#include "tree/prefix_tree.h"

namespace decant {

class KvCache : public PrefixTree::Observer {
 public:
  // `below`: of model.lower().
  KvCache(PrefixTree& tree, Model& model, std::shared_ptr<KvCache> below = nullptr);
  ~KvCache() override;
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  Model& model() const { return model_; }
  const std::shared_ptr<KvCache>& below() const { return below_; }
  int cells() const { return cells_; }          // in use, after the releases so far
  int sequences() const { return sequences_; }  // in use

  // ---- building a batch -------------------------------------------------------------------------------------------
  // Rows that a batch would need to evaluate `node` now: it and its ancestors without a cell and not yet in the batch.
  int rows_needed(NodeId node) const;

  // The first node on the way down to `node` that ends a chunk of `chunk` positions, among those without a cell:
  // prefill is always cut at multiples of `chunk`, whatever else is in the batch.
  NodeId chunk_end(NodeId node, int chunk) const;

  void begin();

  // Somebody of this age (smaller is older) will want `node`: in this batch nobody younger can take its path's cells.
  void claim(NodeId node, int age) { claims_.push_back({node, age}); }

  // Adds to the batch what evaluating `node` takes and returns the node's row, or -1 if it does not fit beside what is
  // already in the batch and claimed. With outputs, a node that has a cell is evaluated again (its logits are not
  // kept). The caller keeps the node alive until forward().
  int add(NodeId node, const Outputs* outputs, int age = 0);

  // Why an add() did not fit; none: all since begin(), or since this was forgotten, have.
  enum class Lack { none, rows, outputs, cells, sequences };
  Lack lack() const { return lack_; }
  void forget_lack() { lack_ = Lack::none; }

  int rows() const { return static_cast<int>(batch_.size()); }
  int output_rows() const { return output_rows_; }

  // Evaluates the batch and empties it. If the model throws, the batch's nodes have no cells again.
  void forward();

  // Of the last forward: its rows, and those of them that were asked for anything.
  int last_rows() const { return static_cast<int>(model_rows_.size()); }
  int last_asked_rows() const { return last_asked_rows_; }

  // Takes back what was added since the last batch.
  void abandon() { end_batch(false); }

  // Forgets all cells, those below too, and what is written in them. REQUIRES: no batch is being built.
  void clear();

  // Passes pending releases on to the model. forward() does so too; this is for when nothing more will be evaluated.
  void flush();

 private:
  struct Cell {
    SeqId seq = -1;        // invariant 3; -1: no cell (and not in the batch)
    int children = 0;      // children with a cell or in the batch
    int row = -1;          // in the batch being built
    bool guessed = false;  // evaluated on a state of this cache's own
  };
  struct Sequence {
    NodeId tip = kNoNode;        // kNoNode: free
    int trim = kNothing;         // pending: cells at this position and later are to be forgotten
    std::uint64_t last_use = 0;  // number of the last batch that extended or copied it
  };
  struct BatchRow {
    NodeId node = kNoNode;
    std::vector<SeqId> seqs;
    Outputs outputs;
    bool again = false;  // the node has a cell elsewhere; this one goes with its own sequence after the batch
  };
  struct Claim {
    NodeId node;
    int age;
  };
  static constexpr int kNothing = 1 << 30;

  Cell& cell(NodeId node);
  Cell look(NodeId node) const;
  bool in_batch(const Cell& cell) const { return cell.row >= 0; }
  Sequence& sequence(SeqId seq) { return sequences_by_id_[static_cast<std::size_t>(seq)]; }

  void released(NodeId node) override;
  int refuse(Lack lack) {
    lack_ = lack;
    return -1;
  }
  int add_again(NodeId node, const Outputs& outputs, int age);
  SeqId extend(NodeId anchor);
  void push_row(NodeId node, SeqId seq);
  void want(int row, const Outputs& outputs);
  SeqId take_sequence();
  void free_sequence(SeqId seq);
  void trim(SeqId seq, int begin);
  void apply_trim(SeqId seq);
  void drop_tip(NodeId node);
  void drop_all(NodeId node);
  void drop_guesses();
  void drop_guesses(NodeId node);
  void relabel(NodeId from, SeqId old);
  bool make_room(NodeId target, int age, int cells, bool need_sequence);
  void protect(NodeId node);
  bool is_protected(NodeId node) const;
  bool can_free_sequence(NodeId tip) const;
  template <class Usable>
  NodeId oldest_tip(Usable usable) const;
  void evaluate_batch();
  void end_batch(bool evaluated);
  void read_below();
  void keep_states();
  std::span<const float> state(NodeId node) const;
  NodeId source(NodeId node) const { return carry_.from_parent ? tree_.parent(node) : node; }
  std::span<const float> known_below(NodeId node) const;
  std::span<const float> brought(NodeId node) const;

  PrefixTree& tree_;
  Model& model_;
  std::shared_ptr<KvCache> below_;
  Carry carry_ = {};   // from below
  Outputs kept_ = {};  // for the cache above
  // Of nodes with a cell, what is kept and nobody above has read yet; of a head's own, what it has said of drafts.
  std::unordered_map<NodeId, std::vector<float>> states_ = {};
  std::vector<float> nothing_before_;  // the state of the empty text
  std::vector<Cell> cells_by_node_;
  std::vector<Sequence> sequences_by_id_;
  std::vector<SeqId> free_sequences_;
  std::vector<SeqId> dirty_;  // sequences with a pending trim
  std::vector<BatchRow> batch_;
  std::vector<Claim> claims_;
  std::vector<Row> model_rows_;
  std::vector<NodeId> chain_;                // scratch
  std::vector<std::uint64_t> protected_in_;  // by node: the last round of make_room() that must keep it
  std::uint64_t round_ = 0;
  std::uint64_t batch_number_ = 1;
  int cells_ = 0;
  int sequences_ = 0;
  int again_ = 0;        // rows of the batch with BatchRow::again
  int output_rows_ = 0;  // with logits
  int last_asked_rows_ = 0;
  Lack lack_ = Lack::none;
};

}  // namespace decant
