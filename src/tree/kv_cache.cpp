// Tested by tests/tree/kv_cache_test.cpp.
#include "tree/kv_cache.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "base/error.h"

namespace decant {

KvCache::KvCache(PrefixTree& tree, Model& model, std::shared_ptr<Cache> below)
    : Cache(tree, model), below_(std::move(below)) {
  if (below_) {
    assert(!below_->keeps() && "two caches above one");
    carry_ = model_.carry();
    below_->keep(carry_.of_lower);
    if (carry_.from_parent) nothing_before_.resize(static_cast<std::size_t>(model_.info().n_embd));
  }
  const int n = model_.info().max_sequences;
  sequences_by_id_.resize(static_cast<std::size_t>(n));
  for (SeqId seq = n - 1; seq >= 0; --seq) free_sequences_.push_back(seq);
}

KvCache::~KvCache() {
  if (below_) below_->keep({});
}

KvCache::Cell& KvCache::cell(NodeId node) {
  const auto index = static_cast<std::size_t>(node);
  if (index >= cells_by_node_.size()) cells_by_node_.resize(std::max(index + 1, 2 * cells_by_node_.size()));
  return cells_by_node_[index];
}

KvCache::Cell KvCache::look(NodeId node) const {
  const auto index = static_cast<std::size_t>(node);
  return index < cells_by_node_.size() ? cells_by_node_[index] : Cell{};
}

// ---- building a batch -----------------------------------------------------------------------------------------------

int KvCache::rows_needed(NodeId node) const {
  if (in_batch(look(node))) return 0;
  int rows = 1;
  for (NodeId id = tree_.parent(node); id != kRoot && look(id).seq < 0; id = tree_.parent(id)) ++rows;
  return rows;
}

int KvCache::push(NodeId node, int age) {
  if (const Cell at = look(node); at.seq >= 0) {
    if (at.children > 0) return push_again(node, age);
    drop_tip(node);
  }
  chain_.clear();
  NodeId anchor = node;
  for (; anchor != kRoot && look(anchor).seq < 0; anchor = tree_.parent(anchor)) chain_.push_back(anchor);
  const bool forks = anchor == kRoot || look(anchor).children > 0;
  const int length = static_cast<int>(chain_.size());
  if (rows() + length > model_.info().max_rows) return refuse(Lack::rows);
  if (!make_room(node, age, length, forks)) return -1;

  const SeqId seq = extend(anchor);
  for (auto id = chain_.rbegin(); id != chain_.rend(); ++id) push_row(*id, seq);
  return rows() - 1;
}

// The node's cell has descendants that need it, so its token is evaluated beside it, in a sequence that ends with the
// batch.
int KvCache::push_again(NodeId node, int age) {
  if (rows() == model_.info().max_rows) return refuse(Lack::rows);
  if (!make_room(node, age, 1, true)) return -1;
  const SeqId seq = take_sequence();
  sequence(seq).tip = node;
  if (const int end = tree_.length(node) - 1; end > 0) model_.copy_sequence(look(node).seq, seq, end);
  batch_.push_back({.node = node, .seqs = {seq}, .outputs = {}, .again = true});
  cell(node).row = rows() - 1;
  ++again_;
  return rows() - 1;
}

// The sequence for a new child of `anchor`: the anchor's own if it is a tip, else a new one that sees the anchor's
// path. The part of that path that is still in the batch joins the new sequence as well.
SeqId KvCache::extend(NodeId anchor) {
  if (anchor != kRoot && look(anchor).children == 0) return look(anchor).seq;
  const SeqId seq = take_sequence();
  NodeId id = anchor;
  for (; id != kRoot; id = tree_.parent(id)) {
    const Cell at = look(id);
    if (!in_batch(at) || batch_[static_cast<std::size_t>(at.row)].again) break;
    batch_[static_cast<std::size_t>(at.row)].seqs.push_back(seq);
  }
  if (id != kRoot) model_.copy_sequence(look(id).seq, seq, tree_.length(id));
  return seq;
}

void KvCache::push_row(NodeId node, SeqId seq) {
  batch_.push_back({.node = node, .seqs = {seq}, .outputs = {}, .again = false});
  Cell& at = cell(node);
  at = {.seq = seq, .children = 0, .row = rows() - 1};
  if (const NodeId parent = tree_.parent(node); parent != kRoot) ++cell(parent).children;
  sequence(seq).tip = node;
  sequence(seq).last_use = batch_number_;
  ++cells_;
}

void KvCache::prepare() {
  if (!below_) return;
  read_below();
  for (BatchRow& row : batch_) {
    row.outputs.hidden |= carry_.from_parent && row.outputs.logits;  // a draft may go on from there
    if (!row.again) cell(row.node).guessed = known_below(source(row.node)).empty();
  }
}

// Has what the batch's rows read evaluated below, where it is not known. Before everybody's claims: what the batch
// needs is in this cache as well, and the one below is no smaller.
void KvCache::read_below() {
  constexpr int oldest = std::numeric_limits<int>::min();
  below_->begin();
  for (const BatchRow& row : batch_) below_->claim(source(row.node), oldest);
  for (const BatchRow& row : batch_) {
    if (!state_for(row.node).empty()) continue;
    while (below_->add(source(row.node), nullptr, oldest + 1) < 0) {
      if (below_->rows() == 0) throw Error(ErrorKind::unavailable, "the cache of the lower layers is too small");
      below_->forward();
    }
  }
  if (below_->rows() > 0) below_->forward();
}

// What a head has said of its drafts is what further ones read.
void KvCache::evaluated() {
  for (int i = 0; carry_.from_parent && i < rows(); ++i) {
    const BatchRow& row = batch_[static_cast<std::size_t>(i)];
    if (row.outputs.hidden) remember(row.node, {.hidden = true}, i);
  }
}

std::span<const float> KvCache::known_below(NodeId node) const {
  return node == kRoot ? std::span(nothing_before_) : below_->state(node);
}

// What the batch's row of the node reads, if it is known. One that is evaluated again reads what its cell was evaluated
// on.
std::span<const float> KvCache::state_for(NodeId node) const {
  if (!below_) return {};
  const std::span<const float> known = known_below(source(node));
  const Cell at = look(node);
  const bool may_guess = carry_.from_parent && (!batch_[static_cast<std::size_t>(at.row)].again || at.guessed);
  return known.empty() && may_guess ? state(source(node)) : known;
}

// What the model below has read meanwhile is no guess any more.
void KvCache::begun() {
  if (!carry_.from_parent) return;
  for (const auto& known : below_->states()) drop_guesses(known.first);
}

void KvCache::drop_guesses(NodeId node) {
  forget_state(node);
  for (NodeId child = tree_.first_child(node); child != kNoNode; child = tree_.next_sibling(child)) {
    if (look(child).guessed) drop_all(child);
  }
}

void KvCache::end_batch(Fate fate) {
  for (auto row = batch_.rbegin(); row != batch_.rend(); ++row) {
    cell(row->node).row = -1;
    if (row->again) {
      free_sequence(row->seqs.front());
    } else if (fate != Fate::evaluated) {
      drop_tip(row->node);
    }
  }
  for (std::size_t i = 0; fate == Fate::evaluated && below_ && i < batch_.size(); ++i) {
    const NodeId node = source(batch_[i].node);
    if (carry_.from_parent && !known_below(node).empty()) drop_guesses(node);
    below_->forget_state(node);
  }
  again_ = 0;
}

// ---- sequences and cells --------------------------------------------------------------------------------------------

SeqId KvCache::take_sequence() {
  const SeqId seq = free_sequences_.back();
  free_sequences_.pop_back();
  apply_trim(seq);
  sequence(seq).last_use = batch_number_;
  ++sequences_;
  return seq;
}

void KvCache::free_sequence(SeqId seq) {
  trim(seq, 0);
  sequence(seq).tip = kNoNode;
  free_sequences_.push_back(seq);
  --sequences_;
}

// Deferred, because libllama scans the whole cache for each trim and a text is released one node at a time.
void KvCache::trim(SeqId seq, int begin) {
  if (sequence(seq).trim == kNothing) dirty_.push_back(seq);
  sequence(seq).trim = std::min(sequence(seq).trim, begin);
}

void KvCache::apply_trim(SeqId seq) {
  if (sequence(seq).trim != kNothing) model_.trim_sequence(seq, sequence(seq).trim);
  sequence(seq).trim = kNothing;
}

void KvCache::clear() {
  assert(batch_.empty());
  if (below_) below_->clear();
  cells_by_node_.clear();
  forget_states();
  free_sequences_.clear();
  dirty_.clear();
  for (SeqId seq = model_.info().max_sequences - 1; seq >= 0; --seq) {
    sequence(seq) = {};
    free_sequences_.push_back(seq);
  }
  cells_ = sequences_ = 0;
  model_.clear();
}

void KvCache::flush() {
  for (const SeqId seq : dirty_) apply_trim(seq);
  dirty_.clear();
  if (below_) below_->flush();
}

void KvCache::released(NodeId node) {
  if (look(node).seq < 0) return;
  assert(!in_batch(look(node)));
  drop_tip(node);
}

void KvCache::drop_tip(NodeId node) {
  const SeqId seq = look(node).seq;
  assert(seq >= 0 && look(node).children == 0);
  cell(node) = {};
  forget_state(node);
  --cells_;
  const NodeId parent = tree_.parent(node);
  if (parent == kRoot) {
    free_sequence(seq);
  } else if (--cell(parent).children == 0) {
    assert(look(parent).seq == seq);
    sequence(seq).tip = parent;
    trim(seq, tree_.length(parent));
  } else {
    free_sequence(seq);
    relabel(parent, seq);
  }
}

// The cells of the node and of all behind it.
void KvCache::drop_all(NodeId node) {
  while (look(node).seq >= 0) {
    NodeId tip = node;
    while (look(tip).children > 0) {
      tip = tree_.first_child(tip);
      while (look(tip).seq < 0) tip = tree_.next_sibling(tip);
    }
    drop_tip(tip);
  }
}

// Restores invariant 3 from `from` upwards after its sequence `old` is gone.
void KvCache::relabel(NodeId from, SeqId old) {
  NodeId child = tree_.first_child(from);
  while (look(child).seq < 0) child = tree_.next_sibling(child);
  const SeqId other = look(child).seq;
  for (NodeId id = from; id != kRoot && look(id).seq == old; id = tree_.parent(id)) cell(id).seq = other;
}

// ---- making room ----------------------------------------------------------------------------------------------------

bool KvCache::make_room(NodeId target, int age, int cells, bool need_sequence) {
  const auto lacks_cells = [&] { return cells_ + again_ + cells > model_.info().n_cells; };
  const auto lacks_sequence = [&] { return need_sequence && free_sequences_.empty(); };
  if (!lacks_cells() && !lacks_sequence()) return true;

  ++round_;
  protect(target);
  for (const BatchRow& row : batch_) protect(row.node);
  for (const Claim& claim : claims_) {
    if (claim.age < age) protect(claim.node);
  }
  while (lacks_sequence()) {
    const NodeId tip = oldest_tip([&](NodeId id) { return can_free_sequence(id); });
    if (tip == kNoNode) {
      refuse(Lack::sequences);
      return false;
    }
    const std::size_t before = free_sequences_.size();
    for (NodeId id = tip; free_sequences_.size() == before;) {
      const NodeId parent = tree_.parent(id);
      drop_tip(id);
      id = parent;
    }
  }
  while (lacks_cells()) {
    const NodeId tip = oldest_tip([&](NodeId id) { return !is_protected(id); });
    if (tip == kNoNode) {
      refuse(Lack::cells);
      return false;
    }
    drop_tip(tip);
  }
  return true;
}

// Marks the node and its ancestors.
void KvCache::protect(NodeId node) {
  for (NodeId id = node; id != kRoot && !is_protected(id); id = tree_.parent(id)) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= protected_in_.size()) protected_in_.resize(index + 1);
    protected_in_[index] = round_;
  }
}

bool KvCache::is_protected(NodeId node) const {
  const auto index = static_cast<std::size_t>(node);
  return index < protected_in_.size() && protected_in_[index] == round_;
}

// Whether the tip's sequence ends when the nodes that only it holds are dropped.
bool KvCache::can_free_sequence(NodeId tip) const {
  for (NodeId id = tip; !is_protected(id); id = tree_.parent(id)) {
    const NodeId parent = tree_.parent(id);
    if (parent == kRoot || look(parent).children > 1) return true;
  }
  return false;
}

template <class Usable>
NodeId KvCache::oldest_tip(Usable usable) const {
  const Sequence* oldest = nullptr;
  for (const Sequence& each : sequences_by_id_) {
    if (each.tip == kNoNode || (oldest && oldest->last_use <= each.last_use)) continue;
    if (usable(each.tip)) oldest = &each;
  }
  return oldest ? oldest->tip : kNoNode;
}

}  // namespace decant
