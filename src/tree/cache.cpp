// Tested by tests/tree/kv_cache_test.cpp and state_cache_test.cpp.
#include "tree/cache.h"

#include <algorithm>
#include <cassert>

#include "tree/kv_cache.h"
#include "tree/state_cache.h"

namespace decant {

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
  wanted.logits |= outputs.logits;
  wanted.hidden |= outputs.hidden;
  const auto merge = [](std::vector<int>& all, const std::vector<int>& more) {
    for (const int layer : more) {
      if (std::find(all.begin(), all.end(), layer) == all.end()) all.push_back(layer);
    }
  };
  merge(wanted.layers, outputs.layers);
  merge(wanted.states, outputs.states);
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
  evaluated();
}

void Cache::end(Fate fate) {
  end_batch(fate);
  batch_.clear();
  output_rows_ = 0;
  ++batch_number_;
}

std::shared_ptr<Cache> make_cache(PrefixTree& tree, Model& model, std::shared_ptr<Cache> below) {
  if (model.info().rewind != kRewindAll) return std::make_shared<StateCache>(tree, model);
  return std::make_shared<KvCache>(tree, model, std::static_pointer_cast<KvCache>(std::move(below)));
}

}  // namespace decant
