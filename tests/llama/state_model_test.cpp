// Models with states (recurrent and hybrid ones) and with windows that move on, whatever is asked of their cache,
// against reading each text anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "llama/llama_model.h"
#include "support/golden_files.h"
#include "support/real_models.h"
#include "tree/cache.h"

namespace decant {
namespace {

using namespace test;

// Another order of sums, which a table of GELU in F16 makes more of. A wrong text is off by far more.
constexpr double kLogit = 2e-4, kGeluLogit = 5e-3;

const Outputs kLogits{.logits = true, .hidden = false, .layers = {}};

struct Setting {
  std::string model;
  int rewind = 0;
  bool exact = false;  // --exact: the same bits
  bool windows = false, gelu = false;
};

class StateModel : public testing::TestWithParam<Setting> {
 protected:
  std::shared_ptr<const LlamaFile> file() const {
    return std::make_shared<const LlamaFile>(zoo_folder() / (GetParam().model + ".gguf"), options());
  }
  ModelOptions options() const {
    ModelOptions options = one_thread();
    options.exact = GetParam().exact;
    if (options.exact) options.kernels = "on";
    return options;
  }
};

// What the model says behind each text, read from its beginning.
class Oracle {
 public:
  Oracle(std::shared_ptr<const LlamaFile> file, const ModelOptions& options)
      : model_(std::move(file), options, 256, 1) {}

  const std::vector<float>& logits_after(const std::vector<Token>& text) {
    std::vector<float>& known = known_[text];
    if (!known.empty()) return known;
    model_.clear();
    const SeqId sequence = 0;
    std::vector<Row> rows;
    for (const Token token : text) {
      rows.push_back({.token = token, .position = static_cast<int>(rows.size()), .sequences = std::span(&sequence, 1)});
    }
    rows.back().outputs = &kLogits;
    model_.forward(rows);
    const auto logits = model_.logits(static_cast<int>(rows.size()) - 1);
    return known = {logits.begin(), logits.end()};
  }

 private:
  LlamaModel model_;
  std::map<std::vector<Token>, std::vector<float>> known_;
};

double distance(std::span<const float> a, std::span<const float> b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
  return most;
}

// Growing, branching, evaluating several at once, drafts and their rejection, cancelling, going back to what was read
// long ago: with few sequences and cells.
TEST_P(StateModel, AnyOrderOfOperationsIsReadingAnew) {
  const auto model_file = file();
  // A window of 16: all of them come to no more than the 256 cells that libllama has at least.
  const bool windows = GetParam().windows;
  ModelOptions small_batches = options();
  if (windows) small_batches.prefill_chunk_size = 8;
  LlamaModel model(model_file, small_batches, windows ? 1024 : 256, windows ? 11 : 5, GetParam().rewind);
  EXPECT_EQ(model.info().rewind, windows ? model.info().max_rows : GetParam().rewind);
  const int longest = windows ? 80 : 40;
  const double tolerance = GetParam().exact ? 0 : GetParam().gelu ? kGeluLogit : kLogit;
  Oracle oracle(model_file, options());
  PrefixTree tree;
  const std::shared_ptr<Cache> cache = make_cache(tree, model);
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Node> held = {tree.root().child(5)};
  const auto any = [&]() -> Node& { return held[static_cast<std::size_t>(below(static_cast<int>(held.size())))]; };
  int compared = 0;
  for (int operation = 0; operation < 2500; ++operation) {
    const int action = below(10);
    if (action < 4 && any().length() < longest) {
      Node node = any();
      for (int i = below(windows ? 10 : 4); i >= 0; --i) node = node.child(5 + below(3));
      held.push_back(node);
    } else if (action < 6 && held.size() > 1) {
      held.erase(held.begin() + below(static_cast<int>(held.size())));
    } else {
      std::vector<std::pair<Node, int>> batch;
      cache->begin();
      for (int i = below(5); i >= 0; --i) {
        Node target = any();
        while (below(2) == 0) target = target.child(5 + below(3));
        const NodeId end = below(2) == 0 ? cache->chunk_end(target.id(), 8) : target.id();
        const int row = cache->add(end, &kLogits, below(3));
        if (row >= 0) batch.emplace_back(Node(tree, end), row);
        const int draft = below(3) == 0 ? below(6) : 0;
        for (Node node(tree, end); row >= 0 && std::ssize(batch) < 40 && static_cast<int>(batch.size()) < draft;) {
          node = node.child(5 + below(3));
          const int next = cache->add(node.id(), &kLogits, 0);
          if (next < 0) break;
          batch.emplace_back(node, next);
        }
      }
      if (batch.empty()) continue;
      if (below(10) == 0) {
        cache->abandon();
        continue;
      }
      cache->forward();
      for (const auto& [node, row] : batch) {
        std::vector<Token> text;
        node.path(text);
        ASSERT_LE(distance(model.logits(row), oracle.logits_after(text)), tolerance)
            << "operation " << operation << ", a text of " << text.size();
        ++compared;
      }
      if (below(4) == 0) cache->flush();
    }
    if (held.size() > 12) held.erase(held.begin());
  }
  EXPECT_GT(compared, 1500);
}

INSTANTIATE_TEST_SUITE_P(All, StateModel,
                         testing::Values(Setting{"lfm2", 4}, Setting{"lfm2"}, Setting{"lfm2", 4, true},
                                         Setting{"mamba"}, Setting{"mamba2"}, Setting{"mamba2", 0, true},
                                         Setting{"jamba"}, Setting{"falconh1"}, Setting{"falconh1", 0, true},
                                         Setting{"granitehybrid"}, Setting{"qwen35", 4}, Setting{"qwen35", 4, true},
                                         Setting{.model = "gemma2", .windows = true, .gelu = true},
                                         Setting{.model = "gemma3", .exact = true, .windows = true},
                                         Setting{.model = "cohere2", .exact = true, .windows = true},
                                         Setting{.model = "gptoss", .windows = true}),
                         [](const auto& setting) {
                           return fmt::format("{}_{}{}", setting.param.model, setting.param.rewind,
                                              setting.param.exact ? "_exact" : "");
                         });

}  // namespace
}  // namespace decant
