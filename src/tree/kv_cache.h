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
// on.
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

#include "tree/cache.h"

namespace decant {

class KvCache : public Cache {
 public:
  // `below`: of model.lower().
  KvCache(PrefixTree& tree, Model& model, std::shared_ptr<Cache> below = nullptr);
  ~KvCache() override;

  std::shared_ptr<Cache> below() const override { return below_; }
  int rows_needed(NodeId node) const override;
  void clear() override;
  void flush() override;

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
  static constexpr int kNothing = 1 << 30;

  Cell& cell(NodeId node);
  Cell look(NodeId node) const;
  bool in_batch(const Cell& cell) const { return cell.row >= 0; }
  Sequence& sequence(SeqId seq) { return sequences_by_id_[static_cast<std::size_t>(seq)]; }

  void released(NodeId node) override;
  int row_of(NodeId node) const override { return look(node).row; }
  int push(NodeId node, int age) override;
  void begun() override;
  void prepare() override;
  void evaluated() override;
  void end_batch(Fate fate) override;
  std::span<const float> state_for(NodeId node) const override;
  int push_again(NodeId node, int age);
  SeqId extend(NodeId anchor);
  void push_row(NodeId node, SeqId seq);
  SeqId take_sequence();
  void free_sequence(SeqId seq);
  void trim(SeqId seq, int begin);
  void apply_trim(SeqId seq);
  void drop_tip(NodeId node);
  void drop_all(NodeId node);
  void drop_guesses(NodeId node);
  void relabel(NodeId from, SeqId old);
  bool make_room(NodeId target, int age, int cells, bool need_sequence);
  void protect(NodeId node);
  bool is_protected(NodeId node) const;
  bool can_free_sequence(NodeId tip) const;
  template <class Usable>
  NodeId oldest_tip(Usable usable) const;
  void read_below();
  NodeId source(NodeId node) const { return carry_.from_parent ? tree_.parent(node) : node; }
  std::span<const float> known_below(NodeId node) const;

  std::shared_ptr<Cache> below_;
  Carry carry_ = {};                   // from below
  std::vector<float> nothing_before_;  // the state of the empty text
  std::vector<Cell> cells_by_node_;
  std::vector<Sequence> sequences_by_id_;
  std::vector<SeqId> free_sequences_;
  std::vector<SeqId> dirty_;                 // sequences with a pending trim
  std::vector<std::uint64_t> protected_in_;  // by node: the last round of make_room() that must keep it
  std::uint64_t round_ = 0;
  int again_ = 0;  // rows of the batch with BatchRow::again
};

}  // namespace decant
