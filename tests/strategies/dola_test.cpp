
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "strategies/dola_layers.h"
#include "support/race.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

using Layers = std::vector<int>;

Layers every_second(int begin, int end) {
  Layers layers;
  for (int i = begin; i < end; i += 2) layers.push_back(i);
  return layers;
}

// The table of Hugging Face's guide (seed 004), and the rule of its code for what the table leaves out.
TEST(DolaLayers, ThePublishedTable) {
  const struct {
    int n_layer;
    bool tied;
    Layers low, high;
  } rows[] = {
      {2, false, {0}, {1}},
      {2, true, {1}, {1}},
      {3, false, {0}, {1}},
      {12, false, {0, 2, 4}, {6, 8, 10}},
      {12, true, {2, 4}, {6, 8, 10}},
      {30, true, {2, 4, 6, 8, 10, 12, 14}, {15, 17, 19, 21, 23, 25, 27, 29}},
      {40, false, every_second(0, 20), every_second(20, 40)},
      {40, true, every_second(2, 20), every_second(20, 40)},
      {41, false, every_second(0, 20), every_second(21, 41)},
      {41, true, every_second(2, 20), every_second(21, 41)},
      {42, false, every_second(0, 20), every_second(22, 42)},
      {42, true, every_second(2, 20), every_second(22, 42)},
      {80, false, every_second(0, 20), every_second(60, 80)},
      {1, false, {0}, {0}},
      {4, true, {2}, {2}},
      {5, true, {2}, {2, 4}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(dola_layers("low", row.n_layer, row.tied), row.low) << row.n_layer << row.tied;
    EXPECT_EQ(dola_layers("high", row.n_layer, row.tied), row.high) << row.n_layer << row.tied;
  }
}

TEST(DolaLayers, Lists) {
  EXPECT_EQ(dola_layers("18,20", 30, true), (Layers{18, 20}));
  EXPECT_EQ(dola_layers("[18, 20]", 30, true), (Layers{18, 20}));
  EXPECT_EQ(dola_layers("[20, 18, 20]", 30, false), (Layers{20, 18}));
  EXPECT_EQ(dola_layers("0", 30, false), Layers{0});
}

TEST(DolaLayers, ErrorsSayWhatIsPossible) {
  const auto error = [](std::string_view text, int n_layer, bool tied = false) -> std::string {
    try {
      dola_layers(text, n_layer, tied);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  for (const char* text : {"", "[]", "middle", "1,", "1;2", "[1,2", "-1", "1.5", "99999999999999"}) {
    EXPECT_EQ(error(text, 30),
              fmt::format("dola_layers is '{}': it can be low, high, or a list of layers like 18,20", text));
  }
  EXPECT_EQ(error("30", 30), "dola_layers: layer 30 is none to contrast with, this model has 0 to 29");
  EXPECT_EQ(error("low", 3, true), "dola_layers low: a model of 3 layers has none there, list some of 0 to 2");
}

// ---- the strategy ---------------------------------------------------------------------------------------------------

GenerationConfig dola_config(const std::string& layers, int n = 10) {
  GenerationConfig config = greedy_config(n);
  config.dola_layers = layers;
  return config;
}

std::vector<double> log_softmax(const std::vector<float>& logits) {
  double total = 0;
  for (const float each : logits) total += std::exp(double{each});
  std::vector<double> log_p;
  for (const float each : logits) log_p.push_back(each - std::log(total));
  return log_p;
}

double divergence(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    const double m = (std::exp(p[v]) + std::exp(q[v])) / 2;
    sum += m * (std::log(m) - p[v]) + m * (std::log(m) - q[v]);
  }
  return sum / 2;
}

std::vector<double> scores_after(const TableModel& model, const std::vector<Token>& text, const Layers& layers,
                                 double relative_top) {
  const std::vector<double> last = log_softmax(model.logits_after(text));
  std::vector<double> early;
  double farthest = -1;
  for (const int layer : layers) {
    const std::vector<double> each = log_softmax(model.layer_logits_after(text, layer));
    if (divergence(last, each) <= farthest) continue;
    farthest = divergence(last, each);
    early = each;
  }
  const double threshold = *std::max_element(last.begin(), last.end()) + std::log(relative_top);
  std::vector<double> scores;
  for (std::size_t v = 0; v < last.size(); ++v) scores.push_back(last[v] < threshold ? -INFINITY : last[v] - early[v]);
  return scores;
}

std::vector<Token> oracle(const TableModel& model, std::vector<Token> text, const Layers& layers, double relative_top,
                          int n) {
  std::vector<Token> chosen;
  while (std::ssize(chosen) < n) {
    const auto scores = scores_after(model, text, layers, relative_top);
    chosen.push_back(static_cast<Token>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
    text.push_back(chosen.back());
  }
  return chosen;
}

TEST(Dola, IsTheFormula) {
  const TableShape shape{.n_vocab = 12, .n_layer = 12};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Table table = random_table(12, seed);
    const TableModel model(shape, table);
    for (const auto& [text, layers] :
         {std::pair<std::string, Layers>("low", {2, 4}), {"high", {6, 8, 10}}, {"3", {3}}, {"11,1,5", {11, 1, 5}}}) {
      for (const double relative_top : {0.1, 0.5, 1.0, 0.001}) {
        GenerationConfig config = dola_config(text);
        config.relative_top = relative_top;
        EXPECT_EQ(run_alone(request(config, {1, 2}, dola), shape, table)[0],
                  oracle(model, {1, 2}, layers, relative_top, 10))
            << seed << " " << text << " " << relative_top;
      }
    }
  }
}

// Only the likeliest token is left: greedy.
TEST(Dola, WithARelativeTopOfOneItIsGreedy) {
  const Table table = random_table(8, 2);
  GenerationConfig config = dola_config("high");
  config.relative_top = 1;
  EXPECT_EQ(run_alone(request(config, {1, 2}, dola), {}, table),
            run_alone(request(greedy_config(10), {1, 2}, greedy), {}, table));
}

TEST(Dola, ProcessorsSeeTheContrast) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Table table = random_table(8, seed);
    GenerationConfig config = dola_config("1,2", 5);
    config.relative_top = 0.0001;
    const TableModel model({}, table);
    std::vector<Token> text = {1, 2}, expected;
    for (int i = 0; i < 5; ++i) {
      auto scores = scores_after(model, text, {1, 2}, 0.0001);
      for (std::size_t v = 0; v < scores.size(); ++v) {
        if (std::find(text.begin(), text.end(), static_cast<Token>(v)) != text.end())
          scores[v] = scores[v] < 0 ? scores[v] * 1.7 : scores[v] / 1.7;
      }
      text.push_back(static_cast<Token>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
      expected.push_back(text.back());
    }
    config.repetition_penalty = 1.7;
    EXPECT_EQ(run_alone(request(config, {1, 2}, dola), {}, table)[0], expected) << seed;
  }
}

// The winner of the race over the contrasted law.
TEST(Dola, SamplesFromTheContrast) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Table table = random_table(8, seed);
    const TableModel model({}, table);
    GenerationConfig config = dola_config("1,2,3", 8);
    config.do_sample = true;
    config.seed = seed;
    config.num_return_sequences = 3;
    config.temperature = 1.3;
    const auto texts = run_alone(request(config, {1, 2}, dola), {}, table);
    ASSERT_EQ(texts.size(), 3u);
    for (std::size_t s = 0; s < 3; ++s) {
      std::vector<Token> text = {1, 2};
      for (const Token token : texts[s]) {
        auto scores = scores_after(model, text, {1, 2, 3}, 0.1);
        for (auto& score : scores) score /= 1.3;
        const GumbelNoise noise(seed, static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(text.size()));
        EXPECT_EQ(token, winner_of(scores, noise)) << seed << " " << s << " " << text.size();
        text.push_back(token);
      }
    }
  }
}

// In Hugging Face the layer is chosen for a whole batch; here the company has no say.
TEST(Dola, TheLayerDependsOnThisTextAlone) {
  const Table table = random_table(8, 4);
  TableModel model({.n_cells = 30, .max_sequences = 5}, table);
  Scheduler scheduler({&model}, {.prefill_chunk_size = 4});
  std::vector<std::unique_ptr<decant::Run>> runs;
  for (const std::vector<Token>& prompt : {std::vector<Token>{1, 2}, {3, 4, 5, 6, 7}, {1, 2}}) {
    runs.push_back(start(scheduler, request(dola_config("0,1,2,3"), prompt, dola)));
  }
  scheduler.run();
  for (const auto& run : runs) run->rethrow();
  EXPECT_EQ(runs[0]->sequences()[0].ids, oracle(model, {1, 2}, {0, 1, 2, 3}, 0.1, 10));
  EXPECT_EQ(runs[1]->sequences()[0].ids, oracle(model, {3, 4, 5, 6, 7}, {0, 1, 2, 3}, 0.1, 10));
  EXPECT_EQ(runs[2]->sequences()[0].ids, runs[0]->sequences()[0].ids);
}

TEST(Dola, ABadLogitOfALayerEndsThisRunOnly) {
  const Table table = random_table(8, 4);
  TableModel model({}, table);
  model.layer_table = [](const std::vector<Token>& text) {
    return std::vector<float>(8, text.size() == 4 ? NAN : 1.f);
  };
  Scheduler scheduler({&model});
  const auto other = start(scheduler, request(greedy_config(), {1, 2}, greedy));
  const auto run = start(scheduler, request(dola_config("1,2"), {1, 2}, dola));
  scheduler.run();
  other->rethrow();
  EXPECT_EQ(other->sequences()[0].ids, run_alone(request(greedy_config(), {1, 2}, greedy), {}, table)[0]);
  try {
    run->rethrow();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "the model returned a logit of layer 1 that is not a number or infinite");
  }
}

}  // namespace
}  // namespace decant
