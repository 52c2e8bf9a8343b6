// Tested by tests/tree/kv_cache_test.cpp and state_cache_test.cpp.
#include "tree/cache.h"

#include <algorithm>
#include <cassert>

#include "tree/kv_cache.h"
#include "tree/state_cache.h"

namespace decant {
namespace {

void add_to(Outputs& all, const Outputs& more) {
  const auto merge = [](std::vector<int>& layers, const std::vector<int>& further) {
    for (const int layer : further) {
      if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
    }
  };
  all.logits |= more.logits;
  all.hidden |= more.hidden;
  merge(all.layers, more.layers);
  merge(all.states, more.states);
}

}  // namespace

Cache::Cache(PrefixTree& tree, Model& model) : tree_(tree), model_(model) { tree_.observe(this); }

Cache::~Cache() { tree_.forget(this); }

NodeId Cache::chunk_end(NodeId node, int chunk) {
  const int have = tree_.length(node) - rows_needed(node);  // positions that were read, or are in the batch
  const int end = (have / chunk + 1) * chunk;
  return tree_.ancestor(node, std::min(end, tree_.length(node)));
}

int Cache::add(NodeId node, const Outputs* outputs, int age) {
  assert(node != kRoot);
  static const Outputs nothing;
  const Outputs& wanted = outputs ? *outputs : nothing;
  int row = row_of(node);
  if (wanted.any_logits() && output_rows_ == model_.info().max_outputs) {
    if (row < 0 || !batch_[static_cast<std::size_t>(row)].outputs.any_logits()) return refuse(Lack::outputs);
  }
  if (row < 0) row = push(node, age);
  if (row >= 0) want(row, wanted);
  return row;
}

void Cache::want(int row, const Outputs& outputs) {
  Outputs& wanted = batch_[static_cast<std::size_t>(row)].outputs;
  if (!wanted.any_logits() && outputs.any_logits()) ++output_rows_;
  add_to(wanted, outputs);
}

void Cache::forward() {
  try {
    evaluate();
  } catch (...) {
    end(Fate::failed);
    throw;
  }
  end(Fate::evaluated);
}

void Cache::evaluate() {
  flush();
  last_asked_rows_ = static_cast<int>(
      std::count_if(batch_.begin(), batch_.end(), [](const BatchRow& row) { return row.outputs.any(); }));
  for (BatchRow& row : batch_) add_to(row.outputs, kept_);
  prepare();
  model_rows_.clear();
  for (const BatchRow& row : batch_) {
    model_rows_.push_back({.token = tree_.token(row.node),
                           .position = tree_.length(row.node) - 1,
                           .sequences = row.seqs,
                           .outputs = row.outputs.any() ? &row.outputs : nullptr,
                           .state = state_for(row.node)});
  }
  model_.forward(model_rows_);
  for (int i = 0; kept_.any() && i < rows(); ++i) remember(batch_[static_cast<std::size_t>(i)].node, kept_, i);
  evaluated();
}

void Cache::remember(NodeId node, const Outputs& outputs, int row) {
  std::vector<float>& numbers = states_[node];
  numbers.clear();
  const auto add = [&](std::span<const float> more) { numbers.insert(numbers.end(), more.begin(), more.end()); };
  for (const int layer : outputs.states) add(model_.state(row, layer));
  if (outputs.hidden) add(model_.hidden(row));
}

std::span<const float> Cache::state(NodeId node) const {
  const auto found = states_.find(node);
  return found == states_.end() ? std::span<const float>() : std::span(found->second);
}

void Cache::end(Fate fate) {
  end_batch(fate);
  batch_.clear();
  output_rows_ = 0;
  ++batch_number_;
}

std::shared_ptr<Cache> make_cache(PrefixTree& tree, Model& model, std::shared_ptr<Cache> below) {
  if (model.info().rewind != kRewindAll) return std::make_shared<StateCache>(tree, model);
  return std::make_shared<KvCache>(tree, model, std::move(below));
}

}  // namespace decant
