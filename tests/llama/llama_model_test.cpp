// The cache bookkeeping on libllama: whatever is cached, shared, dropped or in the same batch, every node's outputs are
// those of its text alone. The models are F32, so that this means: up to rounding.
#include "llama/llama_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "model/unwanted.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/real_models.h"
#include "tree/kv_cache.h"

namespace decant {
namespace {

using namespace test;

using Tokens = std::vector<Token>;

constexpr float kRounding = 1e-4f;  // of a logit of 25
const Outputs kLogits{.logits = true, .hidden = false, .layers = {}};
const Tokens kPrompt = {504, 33330, 19130, 5417, 28, 284, 260, 2666, 436, 260};

Tokens path_of(const Node& node) {
  Tokens path;
  node.path(path);
  return path;
}

Request request(const Tokens& prompt, int max_new_tokens, StrategyFunction strategy) {
  GenerationConfig config;
  config.max_new_tokens = max_new_tokens;
  config.ignore_eos = true;
  return {.config = config,
          .prompt = prompt,
          .strategy = std::move(strategy),
          .does = facts_of(resolve_strategy(config), config)};
}

// One model with its cache, and what it says of texts alone.
struct Bench {
  explicit Bench(const std::string& name, int cells = 256, int sequences = 64)
      : model(model_file(name), one_thread(), cells, sequences), cache(tree, model), alone(name) {}

  Node grow(const Tokens& tokens) {
    Node node = tree.root();
    for (const Token token : tokens) node = node.child(token);
    return node;
  }

  // In one batch.
  void evaluate(const std::vector<Node>& nodes) {
    std::vector<int> rows;
    for (const Node& node : nodes) {
      rows.push_back(cache.add(node.id(), &kLogits));
      ASSERT_GE(rows.back(), 0);
    }
    cache.forward();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Tokens path = path_of(nodes[i]);
      EXPECT_LE(max_difference(model.logits(rows[i]), alone.logits(path)), kRounding) << testing::PrintToString(path);
    }
  }

  // A child of a node with a cell needs one row, its own.
  bool is_cached(const Node& node) const { return cache.rows_needed(node.child(0).id()) == 1; }

  PrefixTree tree;
  LlamaModel model;
  KvCache cache;
  FromScratch alone;
};

// What all the other tests rest on.
TEST(LlamaModel, AWrongTokenAnywhereIsSeen) {
  for (const auto& [name, length] : {std::pair(kMicro, 256), std::pair(kF32, 40)}) {
    FromScratch alone(name);
    Tokens text;
    for (int i = 0; i < length; ++i) text.push_back((7 * i + 3) % 500);
    const auto right = alone.logits(text);
    EXPECT_EQ(max_difference(alone.logits(text), right), 0) << "the oracle's cache is not as it was";
    for (const int at : {0, length / 2, length - 2}) {
      Tokens wrong = text;
      wrong[static_cast<std::size_t>(at)] += 1;
      EXPECT_GT(max_difference(alone.logits(wrong), right), 1000 * kRounding);
    }
  }
}

TEST(LlamaModel, BranchesOfOnePromptEqualEachAlone) {
  Bench bench(kF32);
  const Node prompt = bench.grow(kPrompt);
  bench.evaluate({prompt});
  std::vector<Node> branches;
  for (int i = 0; i < 8; ++i) branches.push_back(prompt.child(260 + 100 * i));
  for (int depth = 0; depth < 3; ++depth) {
    bench.evaluate(branches);
    for (std::size_t i = 0; i < branches.size(); ++i) branches[i] = branches[i].child(300 + static_cast<Token>(i));
  }
  EXPECT_EQ(bench.cache.cells(), 10 + 3 * 8);
  EXPECT_EQ(bench.cache.sequences(), 8);
}

TEST(LlamaModel, ATreeOfDraftsInOneBatch) {
  Bench bench(kF32);
  const Node prompt = bench.grow(kPrompt);
  const auto drafts = [](const Node& root) {
    const Node a = root.child(260), ab = a.child(2001), ac = a.child(2002), acd = ac.child(2003), e = root.child(5087);
    return std::vector<Node>{a, ab, ac, acd, e};
  };
  bench.evaluate({prompt});
  bench.evaluate(drafts(prompt));
  const Node other = bench.grow({2427, 260, 4445});  // not in the cache: its rows and the drafts' are one batch
  bench.evaluate(drafts(other));
  EXPECT_EQ(bench.cache.cells(), 10 + 3);
}

TEST(LlamaModel, EvaluationBesideACell) {
  Bench bench(kF32);
  const Node prompt = bench.grow(kPrompt), middle = prompt.parent().parent(), first = bench.grow({kPrompt[0]});
  const Node tip = prompt.child(260).child(2001), fresh = prompt.child(5087);
  bench.evaluate({tip});
  bench.evaluate({prompt, middle, fresh, first});
  bench.evaluate({tip.child(1)});
  bench.evaluate({tip});
  bench.evaluate({fresh.child(2)});
  EXPECT_EQ(bench.cache.cells(), 10 + 2 + 1);
}

TEST(LlamaModel, AReleasedCellIsUsedAgain) {
  Bench bench(kMicro, 256, 64);
  Tokens text;
  for (int i = 0; i < 206; ++i) text.push_back((11 * i + 5) % 512);
  const Node prompt = bench.grow(text);
  std::vector<Node> branches;
  for (Token token = 0; token < 50; ++token) branches.push_back(prompt.child(token));
  bench.evaluate({prompt});
  bench.evaluate(branches);
  ASSERT_EQ(bench.cache.cells(), 256);  // libllama could not store another row
  for (Token token = 50; token < 150; ++token) {
    Node& one = branches[static_cast<std::size_t>(7 * token % 50)];
    one = Node();
    EXPECT_EQ(bench.cache.cells(), 255);
    one = prompt.child(token);
    bench.evaluate({one});
  }
  for (const Node& branch : branches) EXPECT_TRUE(bench.is_cached(branch));  // nothing had to make room
  branches.clear();
  EXPECT_EQ(bench.cache.cells(), 206);
  bench.evaluate({prompt});
}

// Grows, releases, forks and looks back at random, with more of everything than fits.
TEST(LlamaModel, RandomTrees) {
  Bench bench(kMicro, 256, 6);
  std::mt19937 random(3);
  const auto any = [&](int n) { return std::uniform_int_distribution(0, n - 1)(random); };
  std::vector<Node> held = {bench.grow({1, 2, 3})};
  const auto any_held = [&] { return static_cast<std::size_t>(any(static_cast<int>(held.size()))); };
  for (int step = 0; step < 400; ++step) {
    std::vector<Node> asked;
    for (int i = 1 + any(4); i > 0; --i) {
      Node node = held[any_held()];
      if (any(8) == 0) node = bench.grow({any(4)});
      for (int back = any(4) ? 0 : any(12); back > 0 && node.length() > 1; --back) node = node.parent();
      for (int forth = any(12); forth > 0 && node.length() < 80; --forth) node = node.child(any(512));
      asked.push_back(node);
    }
    bench.evaluate(asked);
    for (const Node& node : asked) {
      if (held.size() < 10) held.push_back(node);
      held[any_held()] = node;
    }
    ASSERT_LE(bench.cache.cells(), 256);
  }
}

// ---- outputs --------------------------------------------------------------------------------------------------------

void expect_outputs(Bench& bench, const std::vector<std::pair<Node, Outputs>>& asked) {
  std::vector<int> rows;
  for (const auto& [node, outputs] : asked) rows.push_back(bench.cache.add(node.id(), &outputs));
  bench.cache.forward();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& [node, outputs] = asked[i];
    SCOPED_TRACE(i);
    const auto expected = bench.alone(path_of(node), outputs);
    if (outputs.logits) {
      EXPECT_LE(max_difference(bench.model.logits(rows[i]), expected.logits), kRounding);
    }
    if (outputs.hidden) {
      EXPECT_LE(max_difference(bench.model.hidden(rows[i]), expected.hidden), kRounding);
    }
    for (std::size_t j = 0; j < outputs.layers.size(); ++j) {
      const float largest = max_difference(expected.layers[j], std::vector<float>(expected.layers[j].size()));
      EXPECT_LE(max_difference(bench.model.layer_logits(rows[i], outputs.layers[j]), expected.layers[j]),
                kRounding / 25 * largest)  // without the norm there is no telling how large they are
          << "layer " << outputs.layers[j];
    }
  }
}

// Wherever it is given up: neither its own cells stay nor are those of others another's. Every node is compared with
// its text alone.
TEST(LlamaModel, OfAForwardThatIsGivenUpNothingStays) {
  for (const auto& [name, steps] : {std::pair(kMicro, 40), std::pair(kF32, 6)}) {
    Bench bench(name);
    std::vector<Node> held = {bench.grow({1, 2, 3})};
    bench.evaluate(held);
    int given_up = 0;
    for (int step = 0; step < steps; ++step) {
      const Node from = held[static_cast<std::size_t>(step / 2)];
      const Token token = static_cast<Token>(10 + 5 * step);
      const std::vector<Node> nodes = {from.child(token).child(7), from.child(token).child(8), from.child(token + 1)};
      int operations = step * 13 % 50;  // that are still computed
      try {
        const UnwantedScope unwanted([&] { return operations-- == 0; });
        for (const Node& node : nodes) bench.cache.add(node.id(), &kLogits);
        bench.cache.forward();
      } catch (const Unwanted&) {
        ++given_up;
      }
      bench.evaluate({held.back().child(9)});  // on cells that were freed
      bench.evaluate(nodes);
      held.insert(held.end(), {nodes[0], nodes[2]});
    }
    EXPECT_GT(given_up, steps / 2) << name;
  }
}

TEST(LlamaModel, EveryRowHasItsOwnOutputs) {
  const Outputs hidden{.logits = false, .hidden = true, .layers = {}};
  const Outputs both{.logits = true, .hidden = true, .layers = {}};
  using Layers = std::vector<int>;
  for (const auto& [name, layers] : {std::pair(kMicro, Layers{1, 0}), std::pair(kF32, Layers{20, 0, 29})}) {
    SCOPED_TRACE(name);
    const Outputs layer{.logits = false, .hidden = false, .layers = {layers[0]}};
    const Outputs all{.logits = true, .hidden = true, .layers = layers};
    Bench bench(name);
    const Node a = bench.grow({1, 2, 3, 4, 5}), b = bench.grow({9, 8, 7}), c = b.child(6), d = a.parent().child(11);
    expect_outputs(bench, {{a, kLogits}, {b, layer}, {c, all}, {d, hidden}});
    expect_outputs(bench, {{a.child(1), kLogits}, {c.child(1), kLogits}});  // no hidden states any more
    expect_outputs(bench, {{d, both}, {b, hidden}, {a.parent(), layer}});
  }
}

TEST(LlamaModel, TheLayersOfAQuantisedModel) {
  LlamaModel model(model_file(kQ4_0), one_thread(), 256);
  PrefixTree tree;
  KvCache cache(tree, model);
  Node node = tree.root();
  for (const Token token : kPrompt) node = node.child(token);
  const Outputs outputs{.logits = true, .hidden = false, .layers = {0, 15}};
  const int row = cache.add(node.id(), &outputs);
  cache.forward();
  const auto first = model.layer_logits(row, 0);
  // A token's embedding is its own row of the output matrix, so no other token fits it better.
  EXPECT_EQ(std::max_element(first.begin(), first.end()) - first.begin(), kPrompt.back());
  EXPECT_EQ(model.layer_logits(row, 15).size(), 49152u);
}

TEST(LlamaModel, Info) {
  ModelOptions options = one_thread();
  options.kernels = "off";  // which others there are depends on the CPU
  LlamaModel model(model_file(kMicro), options, 300, 1000);
  EXPECT_EQ(model.info().name, "micro");
  EXPECT_EQ(model.info().n_vocab, 512);
  EXPECT_EQ(model.info().n_embd, 64);
  EXPECT_EQ(model.info().n_layer, 2);
  EXPECT_EQ(model.info().n_cells, 512);  // rounded up
  EXPECT_EQ(model.info().n_context, 512);
  EXPECT_EQ(model.info().max_sequences, 256);
  EXPECT_FALSE(model.info().tied_embeddings);
  EXPECT_TRUE(model_file(kF32)->info().tied_embeddings);
  EXPECT_EQ(model.describe(), "f32 cache of 512 positions, plain attention, 1 threads, ggml's kernels");
}

// ---- options --------------------------------------------------------------------------------------------------------

std::string refusal(const std::string& name, const ModelOptions& options) {
  try {
    LlamaModel model(model_file(name), options, 256);
    return "accepted: " + model.describe();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
}

TEST(LlamaModel, AQuantisedCacheNeedsFlashAttention) {
  ModelOptions options = one_thread();
  options.kernels = "off";
  options.cache_type = "q8_0";
  EXPECT_EQ(refusal(kQ4_0, options),
            "accepted: q8_0 cache of 256 positions, flash attention, 1 threads, ggml's kernels");
  EXPECT_EQ(refusal(kF32, options),
            "accepted: q8_0 cache of 256 positions, flash attention, 1 threads, ggml's kernels");
  options.flash_attn = "off";
  EXPECT_EQ(refusal(kQ4_0, options),
            "a q8_0 cache needs flash attention: drop --flash-attn off or take another --cache-type");
}

TEST(LlamaModel, SmallBatchesAndManySequences) {
  ModelOptions options = one_thread();
  options.prefill_chunk_size = 1;
  LlamaModel model(model_file(kMicro), options, 256, 256);
  Scheduler scheduler({&model}, {.prefill_chunk_size = 1});
  const auto run = start(scheduler, request({5, 6, 7, 8}, 3, strategy("greedy").run));
  scheduler.run();
  run->rethrow();
  EXPECT_EQ(run->sequences()[0].ids.size(), 3u);
}

// ---- runs -----------------------------------------------------------------------------------------------------------

struct Seen {
  Tokens text;
  std::vector<float> logits;
};

// `width` branches of the prompt, each a token longer at every level.
Task<void> spread(Run& run, int width, int depth, std::vector<Seen>* seen) {
  std::vector<Node> tips;
  for (Token token = 0; token < width; ++token) tips.push_back(run.prompt().child(token));
  for (int level = 0; level < depth; ++level) {
    auto rows = co_await run.eval(tips);
    for (std::size_t i = 0; i < tips.size(); ++i) {
      seen->push_back({path_of(tips[i]), {rows[i].logits.begin(), rows[i].logits.end()}});
      tips[i] = tips[i].child(static_cast<Token>(i % 512));
    }
  }
}

TEST(LlamaModel, MoreBranchesThanSequences) {
  for (const int sequences : {256, 20}) {
    LlamaModel model(model_file(kMicro), one_thread(), 1024, sequences);
    Scheduler scheduler({&model});
    std::vector<Seen> seen;
    const auto run =
        start(scheduler, request({5, 6, 7, 8}, 1, [&](auto& each) { return spread(each, 300, 2, &seen); }));
    scheduler.run();
    run->rethrow();
    ASSERT_EQ(seen.size(), 600u);
    FromScratch alone(kMicro);
    for (const auto& [text, logits] : seen) EXPECT_LE(max_difference(logits, alone.logits(text)), kRounding);
  }
}

Task<void> ask_for_layer(Run& run, int layer) {
  Ask ask;
  ask.nodes.assign(1, run.prompt());
  ask.outputs.layers.assign(1, layer);
  auto rows = co_await run.eval(ask);
  EXPECT_EQ(rows[0].layers.size(), 1u);
}

Task<void> reach(Run& run, int length) {
  Node node = run.prompt();
  while (node.length() < length) node = node.child(7);
  auto rows = co_await run.eval(node);
  ADD_FAILURE() << "the cache has no room for this, but there are " << rows.size() << " rows";
}

Tokens greedy_alone(const Tokens& prompt, int n) {
  FromScratch alone(kMicro);
  Tokens text = prompt;
  for (int i = 0; i < n; ++i) {
    const auto logits = alone.logits(text);
    text.push_back(static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
  }
  return {text.begin() + static_cast<std::ptrdiff_t>(prompt.size()), text.end()};
}

TEST(LlamaModel, AFailingRequestLeavesOthersAlone) {
  LlamaModel model(model_file(kMicro), one_thread(), 256);
  Scheduler scheduler({&model});
  const auto good = start(scheduler, request({1, 2, 3}, 20, strategy("greedy").run));
  EXPECT_THROW(start(scheduler, request(Tokens(257, 1), 5, strategy("greedy").run)), Error);
  scheduler.step();
  const auto layer = [](int index) { return [index](auto& run) { return ask_for_layer(run, index); }; };
  const auto no_such_layer = start(scheduler, request({1, 2, 3, 4}, 5, layer(2)));
  const auto last_layer = start(scheduler, request({1, 2, 3, 5}, 5, layer(1)));
  const auto too_long = start(scheduler, request({4, 5}, 5, [](auto& run) { return reach(run, 300); }));
  scheduler.run();
  EXPECT_THROW(no_such_layer->rethrow(), Error);
  EXPECT_THROW(too_long->rethrow(), Error);
  last_layer->rethrow();
  good->rethrow();
  EXPECT_EQ(good->sequences()[0].ids, greedy_alone({1, 2, 3}, 20));
}

Task<void> ask_both(Run& run, std::vector<Seen>* first, std::vector<Seen>* second) {
  std::vector<Ask> asks(2);
  asks[1].model = 1;
  Node tip = run.prompt();
  for (int i = 0; i < 4; ++i) {
    for (Ask& ask : asks) ask.nodes.assign(1, tip);
    auto rows = co_await run.eval(asks);
    first->push_back({path_of(tip), {rows[0].logits.begin(), rows[0].logits.end()}});
    second->push_back({path_of(tip), {rows[1].logits.begin(), rows[1].logits.end()}});
    tip = tip.child(100 + i);
  }
}

TEST(LlamaModel, TwoModelsInOneScheduler) {
  LlamaModel large(model_file(kF32), one_thread(), 256), micro(model_file(kMicro), one_thread(), 256);
  Scheduler scheduler({&large, &micro});
  std::vector<Seen> of_large, of_micro;
  Request both = request({1, 2, 3, 4, 5}, 5, [&](auto& each) { return ask_both(each, &of_large, &of_micro); });
  both.models = {0, 1};
  Request on_micro = request({1, 2, 3}, 10, strategy("greedy").run);
  on_micro.models = {1};
  const auto run = start(scheduler, both), company = start(scheduler, on_micro);
  scheduler.run();
  run->rethrow();
  company->rethrow();
  FromScratch large_alone(kF32), micro_alone(kMicro);
  ASSERT_EQ(of_large.size(), 4u);
  for (const auto& [text, logits] : of_large) EXPECT_LE(max_difference(logits, large_alone.logits(text)), kRounding);
  for (const auto& [text, logits] : of_micro) EXPECT_LE(max_difference(logits, micro_alone.logits(text)), kRounding);
  EXPECT_EQ(company->sequences()[0].ids, greedy_alone({1, 2, 3}, 10));
}

TEST(LlamaModel, AMissingModelSaysHowToMakeIt) {
  try {
    model_file("absent.gguf");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "build/models/absent.gguf is not there: `make test-models` makes it");
  }
}

}  // namespace
}  // namespace decant
