// Random texts that come and go, and random batches of them.
#pragma once

#include <functional>
#include <random>

#include "tree/kv_cache.h"

namespace decant::testing {

// 10,000 batches of up to three rows with logits, of six texts of up to 12 tokens, to the caches that `next` says.
// `check` sees each row of those that do not fail. Returns how many rows were refused.
int random_steps(PrefixTree& tree, unsigned seed, const std::function<KvCache&(std::mt19937&)>& next,
                 const std::function<void(KvCache&, const Node&, int row)>& check);

}  // namespace decant::testing
