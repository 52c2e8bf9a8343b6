#include "support/random_steps.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "base/error.h"

namespace decant::testing {

int random_steps(PrefixTree& tree, unsigned seed, const std::function<KvCache&(std::mt19937&)>& next,
                 const std::function<void(KvCache&, const Node&, int row)>& check) {
  const Outputs outputs{.logits = true};
  std::mt19937 random(seed);
  std::vector<Node> nodes = {tree.root().child(1)};
  int refused = 0;
  for (int step = 0; step < 10000 && !::testing::Test::HasFatalFailure(); ++step) {
    const Node from = nodes[random() % nodes.size()];
    const Node parent = from.length() < 12 && random() % 8 ? from : tree.root();
    nodes.push_back(parent.child(static_cast<Token>(random() % 4)));
    while (nodes.size() > 6) nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(random() % nodes.size()));
    KvCache& cache = next(random);
    std::vector<std::pair<Node, int>> asked;
    cache.begin();
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      const Node node = nodes[random() % nodes.size()];
      if (const int row = cache.add(node.id(), &outputs); row >= 0)
        asked.emplace_back(node, row);
      else
        ++refused;
    }
    if (cache.rows() == 0) continue;
    try {
      cache.forward();
    } catch (const Error&) {
      continue;
    }
    for (const auto& [node, row] : asked) check(cache, node, row);
  }
  return refused;
}

}  // namespace decant::testing
