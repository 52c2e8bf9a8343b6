// Tested by tests/tree/state_cache_test.cpp.
#include "tree/state_cache.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace decant {

StateCache::StateCache(PrefixTree& tree, Model& model) : Cache(tree, model) {
  const int n = model_.info().max_sequences;
  sequences_by_id_.resize(static_cast<std::size_t>(n));
  wanted_by_.resize(static_cast<std::size_t>(n));
  for (SeqId seq = n - 1; seq >= 0; --seq) free_sequences_.push_back(seq);
}

StateCache::Known& StateCache::known(NodeId node) {
  const auto index = static_cast<std::size_t>(node);
  if (index >= known_.size()) known_.resize(std::max(index + 1, 2 * known_.size()));
  return known_[index];
}

StateCache::Known StateCache::look(NodeId node) const {
  const auto index = static_cast<std::size_t>(node);
  return index < known_.size() ? known_[index] : Known{};
}

// ---- building a batch -----------------------------------------------------------------------------------------------

// The nearest ancestor behind which reading can go on. In the batch that is a node only where what is read behind it
// can be taken back, as its own state is gone then.
StateCache::Begin StateCache::find_begin(NodeId node) const {
  for (NodeId id = tree_.parent(node); id != kRoot; id = tree_.parent(id)) {
    const Known at = look(id);
    if (at.row >= 0) {
      const SeqId seq = batch_[static_cast<std::size_t>(at.row)].seqs[0];
      const Sequence& it = sequence(seq);
      const int more = tree_.length(node) - tree_.length(id);
      if (it.end == id && it.rows + more <= model_.info().rewind + 1) return {id, seq, true};
    }
    if (at.seq < 0) continue;
    const Sequence& it = sequence(at.seq);
    if (it.rows == 0 || can_copy(it)) return {id, at.seq, false};
  }
  return {};
}

int StateCache::rows_needed(NodeId node) const {
  return look(node).row >= 0 ? 0 : tree_.length(node) - tree_.length(find_begin(node).node);
}

NodeId StateCache::chunk_end(NodeId node, int chunk) {
  chunk_ = chunk;
  NodeId end = Cache::chunk_end(node, chunk);
  if (look(node).row >= 0) return end;
  const int begin = tree_.length(find_begin(node).node);
  for (NodeId id = tree_.parent(end); tree_.length(id) > begin; id = tree_.parent(id)) {
    const NodeId child = tree_.first_child(id);
    if (tree_.is_held(id) || tree_.next_sibling(child) != kNoNode) end = id;
  }
  return end;
}

int StateCache::push(NodeId node, int age) {
  const Begin begin = find_begin(node);
  chain_.clear();
  for (NodeId id = node; id != begin.node; id = tree_.parent(id)) chain_.push_back(id);
  const int length = static_cast<int>(chain_.size());
  if (rows() + length > model_.info().max_rows) return refuse(Lack::rows);

  SeqId seq = begin.seq;
  bool copies = seq < 0;
  if (!begin.is_end && seq >= 0) {
    const Sequence& it = sequence(seq);
    copies = it.rows > 0 || (can_copy(it) && stays(begin.node, chain_.back()));
  }
  if (!make_room(age, length, copies, begin.seq)) {
    // Its own state may go where it is all that there is, and no older one needs it.
    const bool in_place = lack() == Lack::sequences && seq >= 0 && sequence(seq).rows == 0 &&
                          wanted_by_[static_cast<std::size_t>(seq)] >= age;
    if (!in_place || !make_room(age, length, false, begin.seq)) return -1;
    forget_lack();
    copies = false;
  }
  if (copies) {
    seq = take_sequence();
    if (begin.seq >= 0) {
      model_.copy_sequence(begin.seq, seq, tree_.length(begin.node));
      sequence(seq).stretch = sequence(begin.seq).stretch;
      sequence(seq).length = tree_.length(begin.node);
    }
  } else if (!begin.is_end) {
    take_back(seq);
  }
  Sequence& it = sequence(seq);
  for (auto id = chain_.rbegin(); id != chain_.rend(); ++id) {
    batch_.push_back({.node = *id, .seqs = {seq}});
    if (known(*id).row < 0) known(*id).row = rows() - 1;
  }
  it.rows += length;
  it.end = node;
  return rows() - 1;
}

// Whether the state behind `tip` is to be kept when `next` is read behind it.
bool StateCache::stays(NodeId tip, NodeId next) const {
  if (tree_.is_held(tip)) return true;
  for (NodeId id = tree_.first_child(tip); id != kNoNode; id = tree_.next_sibling(id)) {
    if (id != next && !look(id).read && look(id).row < 0) return true;
  }
  return chunk_ > 0 && tree_.length(tip) % chunk_ == 0 && free_sequences_.size() > 1;
}

void StateCache::end_batch(Fate fate) {
  for (const BatchRow& row : batch_) {
    known(row.node).row = -1;
    if (fate == Fate::evaluated) known(row.node).read = true;
  }
  if (fate != Fate::abandoned) {
    for (Sequence& it : sequences_by_id_) {
      it.can_go_back = 0;
      if (it.rows > 0 && it.tip != kNoNode) known(it.tip).seq = -1;
    }
  }
  for (SeqId seq = 0; seq < model_.info().max_sequences; ++seq) {
    if (sequence(seq).rows == 0) continue;
    if (fate == Fate::evaluated) {
      grow(sequence(seq));
      settle(seq);
    } else if (fate == Fate::failed || sequence(seq).tip == kNoNode) {
      free_sequence(seq);
    }
    sequence(seq).rows = 0;
    sequence(seq).end = kNoNode;
  }
}

void StateCache::grow(Sequence& it) {
  if (!it.stretch || it.stretch.use_count() > 1) it.stretch = std::make_shared<Stretch>(std::move(it.stretch), cells_);
  it.stretch->add(it.rows);
  it.length += it.rows;
  it.can_go_back = std::min(model_.info().rewind, it.rows - 1);
  it.turned_back = false;
}

// The sequence is that of the last node it has read.
void StateCache::settle(SeqId seq) {
  Sequence& it = sequence(seq);
  it.tip = it.end;
  it.last_use = batch_number_;
  Known& at = known(it.tip);
  if (at.seq >= 0) free_sequence(at.seq);  // read again: the same state
  at.seq = seq;
}

// ---- sequences ------------------------------------------------------------------------------------------------------

SeqId StateCache::take_sequence() {
  const SeqId seq = free_sequences_.back();
  free_sequences_.pop_back();
  if (std::erase(dirty_, seq) > 0) model_.trim_sequence(seq, 0);
  sequence(seq) = {};
  ++sequences_;
  return seq;
}

void StateCache::free_sequence(SeqId seq) {
  sequence(seq).tip = kNoNode;
  sequence(seq).stretch = nullptr;
  dirty_.push_back(seq);
  free_sequences_.insert(std::lower_bound(free_sequences_.begin(), free_sequences_.end(), seq, std::greater<>()), seq);
  --sequences_;
}

// Tells the model of tokens that the sequence has lost.
void StateCache::take_back(SeqId seq) {
  Sequence& it = sequence(seq);
  const int length = tree_.length(it.tip);
  if (it.length == length) return;
  model_.trim_sequence(seq, length);
  it.stretch->add(length - it.length);
  it.length = length;
  it.can_go_back = 0;
  it.turned_back = true;
}

void StateCache::released(NodeId node) {
  forget_state(node);
  const SeqId seq = look(node).seq;
  assert(look(node).row < 0);
  if (const auto index = static_cast<std::size_t>(node); index < known_.size()) known_[index] = {};
  if (seq < 0) return;
  Sequence& it = sequence(seq);
  const NodeId parent = tree_.parent(node);
  if (it.can_go_back == 0 || it.stretch.use_count() > 1 || parent == kRoot || look(parent).seq >= 0) {
    free_sequence(seq);
    return;
  }
  --it.can_go_back;
  it.tip = parent;
  known(parent).seq = seq;
}

void StateCache::clear() {
  assert(batch_.empty());
  forget_states();
  known_.clear();
  free_sequences_.clear();
  dirty_.clear();
  for (SeqId seq = model_.info().max_sequences - 1; seq >= 0; --seq) {
    sequence(seq) = {};
    free_sequences_.push_back(seq);
  }
  sequences_ = 0;
  model_.clear();
}

void StateCache::flush() {
  while (!dirty_.empty()) {
    model_.trim_sequence(dirty_.back(), 0);
    dirty_.pop_back();
  }
  for (SeqId seq = 0; seq < model_.info().max_sequences; ++seq) {
    if (sequence(seq).tip != kNoNode) take_back(seq);
  }
}

// ---- making room ----------------------------------------------------------------------------------------------------

// What is given up first, and what never is (less than 0): a state that nobody waits for, one that somebody holds, one
// that leads to what those of the same age wait for.
int StateCache::worth(SeqId seq, int age) const {
  const Sequence& it = sequence(seq);
  if (it.tip == kNoNode || it.rows > 0) return -1;
  const int wanted_by = wanted_by_[static_cast<std::size_t>(seq)];
  if (wanted_by < age) return -1;
  return wanted_by == age ? 2 : tree_.is_held(it.tip) ? 1 : 0;
}

bool StateCache::make_room(int age, int rows_more, bool need_sequence, SeqId keep) {
  const auto lacks_cells = [&] { return cells_ + rows() + rows_more > model_.info().n_cells; };
  const auto lacks_sequence = [&] { return need_sequence && free_sequences_.empty(); };
  if (!lacks_cells() && !lacks_sequence()) return true;

  std::fill(wanted_by_.begin(), wanted_by_.end(), std::numeric_limits<int>::max());
  for (const Claim& claim : claims_) {
    NodeId id = tree_.parent(claim.node);
    while (id != kRoot && look(id).seq < 0) id = tree_.parent(id);
    if (id == kRoot) continue;
    int& wanted_by = wanted_by_[static_cast<std::size_t>(look(id).seq)];
    wanted_by = std::min(wanted_by, claim.age);
  }
  while (lacks_sequence() || lacks_cells()) {
    SeqId least = -1;
    for (SeqId seq = 0; seq < model_.info().max_sequences; ++seq) {
      if (seq == keep || worth(seq, age) < 0) continue;
      const auto key = [&](SeqId each) { return std::pair(worth(each, age), sequence(each).last_use); };
      if (least < 0 || key(seq) < key(least)) least = seq;
    }
    if (least < 0) {
      refuse(lacks_sequence() ? Lack::sequences : Lack::cells);
      return false;
    }
    lose(least);
  }
  return true;
}

// What led to it may have to be read again, and is then to stay where texts part.
void StateCache::lose(SeqId seq) {
  known(sequence(seq).tip).seq = -1;
  for (NodeId id = sequence(seq).tip; id != kRoot && look(id).read; id = tree_.parent(id)) known(id).read = false;
  free_sequence(seq);
}

}  // namespace decant
