// The cache of a model whose memory of a text is one state, overwritten by each token: recurrent models (Mamba), and
// hybrids, which have cells of attention beside it.
//
// Invariants:
//  1. A sequence in use holds the state behind one node, its tip, and the cells of the node's path. Nothing else can be
//     continued: what follows the tip is read in this sequence, whose state is then another, or in a copy of it.
//  2. No two sequences have the same tip. So a node is remembered as long as it is a tip; its ancestors need not be.
//
// A tip goes on in its own sequence where nobody will want its state again: no Node refers to it, and each of its
// children was read. Else a copy goes on, and the state stays. So do ends of chunks, while there are free sequences:
// they are where a text that has lost its state is read again from. So is every node on the way that somebody holds or
// where texts part, that they need not be read twice (chunk_end()).
//
// What was read in the last batch can be taken back once, up to ModelInfo::rewind tokens of it: where a tip is
// released, as a rejected draft is, its sequence is its parent's. Drafts therefore are one chain.
//
// Copies share cells and state until they are written: what costs memory is a sequence in use. Cells are counted as
// stretches that sequences have in common.
#pragma once

#include <memory>
#include <vector>

#include "tree/cache.h"

namespace decant {

class StateCache : public Cache {
 public:
  StateCache(PrefixTree& tree, Model& model);

  int rows_needed(NodeId node) const override;
  NodeId chunk_end(NodeId node, int chunk) override;
  void clear() override;
  void flush() override;

 private:
  // Cells that were read one after another by one sequence, and are now held by all that were copied from it.
  struct Stretch {
    Stretch(std::shared_ptr<Stretch> before, int& all) : parent(std::move(before)), in_use(all) {}
    ~Stretch() { in_use -= cells; }
    Stretch(const Stretch&) = delete;
    Stretch& operator=(const Stretch&) = delete;
    void add(int n) {
      cells += n;
      in_use += n;
    }

    std::shared_ptr<Stretch> parent;
    int& in_use;  // of the cache
    int cells = 0;
  };
  struct Sequence {
    NodeId tip = kNoNode;
    std::shared_ptr<Stretch> stretch = {};  // the last one
    int length = 0;                         // tokens the model has of it; more than the tip's: to be taken back
    int can_go_back = 0;                    // tokens
    bool turned_back = false;               // and not gone on since: no copy can be made
    std::uint64_t last_use = 0;             // number of the last batch that it was part of
    // Of the batch being built:
    int rows = 0;
    NodeId end = kNoNode;  // the last of them
  };
  struct Known {
    SeqId seq = -1;     // of which it is the tip
    int row = -1;       // in the batch being built
    bool read = false;  // and what was read behind it since is not lost
  };
  // Where reading may begin: the sequence whose tip, or end in the batch, is `node`; -1 and the root: at the beginning.
  struct Begin {
    NodeId node = kRoot;
    SeqId seq = -1;
    bool is_end = false;
  };

  void released(NodeId node) override;
  int row_of(NodeId node) const override { return look(node).row; }
  int push(NodeId node, int age) override;
  void end_batch(Fate fate) override;

  Known& known(NodeId node);
  Known look(NodeId node) const;
  Sequence& sequence(SeqId seq) { return sequences_by_id_[static_cast<std::size_t>(seq)]; }
  const Sequence& sequence(SeqId seq) const { return sequences_by_id_[static_cast<std::size_t>(seq)]; }
  bool can_copy(const Sequence& it) const { return !it.turned_back && it.length == tree_.length(it.tip); }

  Begin find_begin(NodeId node) const;
  bool stays(NodeId tip, NodeId next) const;
  SeqId take_sequence();
  void free_sequence(SeqId seq);
  void take_back(SeqId seq);
  void grow(Sequence& it);
  void settle(SeqId seq);
  bool make_room(int age, int rows, bool need_sequence, SeqId keep);
  int worth(SeqId seq, int age) const;
  void lose(SeqId seq);

  std::vector<Known> known_;
  std::vector<Sequence> sequences_by_id_;
  std::vector<SeqId> free_sequences_;  // the lowest last
  std::vector<SeqId> dirty_;           // free, but the model does not know yet
  std::vector<int> wanted_by_;         // by sequence: the smallest age of those who go on from it (scratch)
  int chunk_ = 0;                      // of prefill
};

}  // namespace decant
