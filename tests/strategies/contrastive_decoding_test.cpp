
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

using Text = std::vector<Token>;

GenerationConfig contrasted(double alpha = 0.1, int top_k = 0, int n = 10) {
  GenerationConfig config = greedy_config(n);
  config.amateur = "other";
  config.alpha = alpha;
  config.top_k = top_k;
  return config;
}

// All at once. The sequences of each.
std::vector<std::vector<Sequence>> run_all(const std::vector<GenerationConfig>& configs, const Text& prompt,
                                           TableModel& expert, TableModel& amateur) {
  Scheduler scheduler({&expert, &amateur}, {.prefill_chunk_size = 8});
  std::vector<std::unique_ptr<decant::Run>> runs;
  for (const GenerationConfig& config : configs) {
    Request both = request(config, prompt, contrastive_decoding);
    both.models = {0, 1};
    runs.push_back(start(scheduler, both));
  }
  scheduler.run();
  std::vector<std::vector<Sequence>> answers;
  for (const auto& run : runs) {
    run->rethrow();
    answers.push_back(run->sequences());
  }
  return answers;
}

std::vector<Text> texts_of(const std::vector<Sequence>& sequences) {
  std::vector<Text> texts;
  for (const Sequence& each : sequences) texts.push_back(each.ids);
  return texts;
}

std::vector<Text> decode(const GenerationConfig& config, const Text& prompt, const Table& expert,
                         const Table& amateur) {
  const TableShape shape{.n_vocab = static_cast<int>(expert(prompt).size())};
  TableModel first(shape, expert), second(shape, amateur);
  return texts_of(run_all({config}, prompt, first, second)[0]);
}

std::vector<double> log_softmax(const std::vector<float>& logits, double temperature = 1) {
  double total = 0;
  for (const float each : logits) total += std::exp(each / temperature);
  std::vector<double> log_p;
  for (const float each : logits) log_p.push_back(each / temperature - std::log(total));
  return log_p;
}

// The scores of a step by the papers' formulas; -infinity: masked.
std::vector<double> scores_of(const GenerationConfig& config, const std::vector<float>& expert,
                              const std::vector<float>& amateur) {
  const std::vector<double> e = log_softmax(expert), a = log_softmax(amateur, config.tau_amateur);
  const double max = *std::max_element(e.begin(), e.end());
  std::vector<double> scores(e.size(), -INFINITY);
  for (std::size_t v = 0; v < e.size(); ++v) {
    if (std::exp(e[v]) < config.alpha * std::exp(max) * (1 - 1e-12)) continue;
    const auto better = std::count_if(expert.begin(), expert.end(), [&](float other) { return other > expert[v]; });
    if (config.top_k > 0 && better >= config.top_k) continue;
    if (!config.beta) {
      scores[v] = e[v] - config.lambda * a[v];
    } else if (config.num_beams > 1) {  // sums over steps need a common zero
      scores[v] = (1 + *config.beta) * e[v] - *config.beta * a[v];
    } else {
      scores[v] = (1 + *config.beta) * expert[v] - *config.beta * amateur[v] / config.tau_amateur;
    }
  }
  return scores;
}

Text seen_by_amateur(const GenerationConfig& config, const Text& text) {
  const auto n = static_cast<std::size_t>(config.amateur_context);
  return n == 0 || n >= text.size() ? text : Text(text.end() - static_cast<std::ptrdiff_t>(n), text.end());
}

Text oracle(const GenerationConfig& config, Text text, const Table& expert, const Table& amateur) {
  Text chosen;
  while (std::ssize(chosen) < config.max_new_tokens) {
    const auto scores = scores_of(config, expert(text), amateur(seen_by_amateur(config, text)));
    chosen.push_back(static_cast<Token>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
    text.push_back(chosen.back());
  }
  return chosen;
}

TEST(ContrastiveDecoding, IsTheFormula) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Table expert = random_table(12, seed), amateur = random_table(12, seed + 100);
    for (const double alpha : {0.0, 0.02, 0.1, 0.5, 1.0}) {
      for (const int top_k : {0, 2, 5}) {
        for (const double tau : {0.5, 1.0, 1.5}) {
          for (const double strength : {0.0, 0.5, 1.0, 2.0}) {
            GenerationConfig config = contrasted(alpha, top_k, 6);
            config.tau_amateur = tau;
            config.lambda = strength;
            EXPECT_EQ(decode(config, {1, 2}, expert, amateur)[0], oracle(config, {1, 2}, expert, amateur));
            config.lambda = 1;
            config.beta = strength;
            EXPECT_EQ(decode(config, {1, 2}, expert, amateur)[0], oracle(config, {1, 2}, expert, amateur));
          }
        }
      }
    }
  }
}

TEST(ContrastiveDecoding, TheAmateurMaySeeOnlyTheLastTokens) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Table expert = random_table(8, seed), amateur = random_table(8, seed + 100);
    for (const int n : {1, 2, 3, 7, 100}) {
      GenerationConfig config = contrasted();
      config.amateur_context = n;
      EXPECT_EQ(decode(config, {1, 2, 3}, expert, amateur)[0], oracle(config, {1, 2, 3}, expert, amateur));
    }
  }
}

TEST(ContrastiveDecoding, AtItsLimitsItIsTheExpert) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Table expert = random_table(8, seed), amateur = random_table(8, seed + 100);
    const auto greedily = run_alone(request(greedy_config(10), {1, 2}, greedy), {}, expert);
    GenerationConfig nothing = contrasted(0);
    nothing.beta = 0;
    GenerationConfig no_weight = contrasted(0);
    no_weight.lambda = 0;
    EXPECT_EQ(decode(contrasted(1), {1, 2}, expert, amateur), greedily);  // only the expert's best is plausible
    EXPECT_EQ(decode(nothing, {1, 2}, expert, amateur), greedily);
    EXPECT_EQ(decode(no_weight, {1, 2}, expert, amateur), greedily);
    EXPECT_EQ(decode(contrasted(0.1), {1, 2}, expert, expert), greedily);  // all scores are equal
    EXPECT_EQ(decode(contrasted(0.1, 1), {1, 2}, expert, amateur), greedily);
  }
}

// Equal probabilities at the threshold are plausible.
TEST(ContrastiveDecoding, TheThresholdIsInclusive) {
  const Table expert = [](const Text&) { return std::vector<float>{2, 2, 1, 0}; };
  const Table amateur = [](const Text&) { return std::vector<float>{3, 1, -9, -9}; };
  EXPECT_EQ(decode(contrasted(1, 0, 1), {1}, expert, amateur)[0], Text{1});
  EXPECT_EQ(decode(contrasted(std::exp(-1.0) - 1e-6, 0, 1), {1}, expert, amateur)[0], Text{2});
  EXPECT_EQ(decode(contrasted(std::exp(-1.0) + 1e-6, 0, 1), {1}, expert, amateur)[0], Text{1});
  EXPECT_EQ(decode(contrasted(0, 3, 1), {1}, expert, amateur)[0], Text{2});
  EXPECT_EQ(decode(contrasted(0, 2, 1), {1}, expert, amateur)[0], Text{1});
}

TEST(ContrastiveDecoding, ProcessorsSeeTheScores) {
  const Table expert = [](const Text&) { return std::vector<float>{2, 1.9f, 1.8f, 0}; };
  const Table amateur = [](const Text&) { return std::vector<float>{3, 1, 2, 0}; };
  GenerationConfig config = contrasted(0.1, 0, 3);
  EXPECT_EQ(decode(config, {3}, expert, amateur)[0], (Text{1, 1, 1}));
  config.no_repeat_ngram_size = 1;
  EXPECT_EQ(decode(config, {3}, expert, amateur)[0], (Text{1, 2, 0}));
  config.max_new_tokens = 1;
  config.suppress_tokens = {1};
  EXPECT_EQ(decode(config, {3}, expert, amateur)[0][0], 2);
}

// A ban of everything plausible leaves the choice to the expert, among what is allowed.
TEST(ContrastiveDecoding, WhereNothingPlausibleIsAllowedTheExpertDecides) {
  const Table expert = [](const Text&) { return std::vector<float>{9, 8.5f, 2, 3}; };
  const Table amateur = [](const Text&) { return std::vector<float>{0, 0, 0, 5}; };
  for (const int k : {1, 2}) {
    GenerationConfig config = contrasted(0.1, 0, 1);
    config.num_beams = k;
    EXPECT_EQ(decode(config, {1}, expert, amateur)[0], Text{0});
    config.suppress_tokens = {0, 1};
    EXPECT_EQ(decode(config, {1}, expert, amateur)[0], Text{3});
    config.suppress_tokens = {0, 1, 3};
    EXPECT_EQ(decode(config, {1}, expert, amateur)[0], Text{2});
  }
}

// ---- beams ----------------------------------------------------------------------------------------------------------

struct Partial {
  Text text;
  double score;
};

// Beam search from its definition, on the contrasted scores: no end of sequence, so all texts have the same length.
std::vector<Partial> beam_oracle(const GenerationConfig& config, const Text& prompt, const Table& expert,
                                 const Table& amateur) {
  std::vector<Partial> beams = {{prompt, 0}};
  for (int i = 0; i < config.max_new_tokens; ++i) {
    std::vector<Partial> longer;
    for (const Partial& beam : beams) {
      const auto scores = scores_of(config, expert(beam.text), amateur(seen_by_amateur(config, beam.text)));
      for (std::size_t v = 0; v < scores.size(); ++v) {
        if (std::isinf(scores[v])) continue;
        longer.push_back({beam.text, beam.score + scores[v]});
        longer.back().text.push_back(static_cast<Token>(v));
      }
    }
    std::stable_sort(longer.begin(), longer.end(),
                     [](const Partial& a, const Partial& b) { return a.score > b.score; });
    longer.resize(std::min(longer.size(), static_cast<std::size_t>(config.num_beams)));
    beams = longer;
  }
  return beams;
}

TEST(ContrastiveDecoding, BeamsAddUpTheScores) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Table expert = random_table(8, seed), amateur = random_table(8, seed + 100);
    for (const int k : {2, 3, 5}) {
      for (const bool logits : {false, true}) {
        GenerationConfig config = contrasted(0.1, 0, 5);
        config.num_beams = config.num_return_sequences = k;
        config.length_penalty = 0;
        if (logits) config.beta = 0.5;
        TableModel first({}, expert), second({}, amateur);
        const auto answers = run_all({config}, {1, 2}, first, second);
        const auto expected = beam_oracle(config, {1, 2}, expert, amateur);
        const auto& found = answers[0];
        ASSERT_LE(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
          EXPECT_EQ(found[i].ids, Text(expected[i].text.begin() + 2, expected[i].text.end()))
              << seed << " " << k << " " << i;
          EXPECT_NEAR(found[i].beam->sum, expected[i].score, 1e-4);
        }
      }
    }
  }
}

TEST(ContrastiveDecoding, BeamsOfIdenticalModelsFollowTheExpert) {
  const Table expert = random_table(8, 3);
  GenerationConfig config = contrasted(0, 0, 4);
  config.num_beams = 3;
  EXPECT_EQ(decode(config, {1, 2}, expert, expert)[0],
            run_alone(request(greedy_config(4), {1, 2}, greedy), {}, expert)[0]);
}

// ---- sampling -------------------------------------------------------------------------------------------------------

// Texts of two tokens over 20,000 seeds against softmax of the scores: chi-square, 1 - 1e-6 quantile for up to 15
// degrees of freedom is 58.
TEST(ContrastiveDecoding, TheLawOfDrawnTexts) {
  const Table expert = random_table(4, 9), amateur = random_table(4, 10);
  GenerationConfig config = contrasted(0.05, 0, 2);
  config.do_sample = true;
  config.temperature = 1.5;
  const auto law = [&](const Text& text) {
    std::vector<double> p = scores_of(config, expert(text), amateur(text));
    double total = 0;
    for (double& each : p) total += each = std::exp(each / 1.5);
    for (double& each : p) each /= total;
    return p;
  };
  TableModel first({.n_vocab = 4}, expert), second({.n_vocab = 4}, amateur);
  Scheduler scheduler({&first, &second});
  std::map<Text, int> counts;
  constexpr int kRuns = 5000, kTexts = 4;
  for (int seed = 0; seed < kRuns; ++seed) {
    config.seed = static_cast<std::uint64_t>(seed);
    config.num_return_sequences = kTexts;
    Request both = request(config, {1}, contrastive_decoding);
    both.models = {0, 1};
    const auto run = start(scheduler, both);
    scheduler.run();
    run->rethrow();
    for (const Text& text : texts_of(run->sequences())) ++counts[text];
  }
  double chi_square = 0;
  int seen = 0;
  for (Token a = 0; a < 4; ++a) {
    for (Token b = 0; b < 4; ++b) {
      const double expected =
          law({1})[static_cast<std::size_t>(a)] * law({1, a})[static_cast<std::size_t>(b)] * kRuns * kTexts;
      const int found = counts[{a, b}];
      seen += found;
      if (expected == 0) {
        EXPECT_EQ(found, 0);
      } else {
        chi_square += (found - expected) * (found - expected) / expected;
      }
    }
  }
  EXPECT_EQ(seen, kRuns * kTexts);
  EXPECT_LT(chi_square, 58);
}

// ---- company and errors ---------------------------------------------------------------------------------------------

TEST(ContrastiveDecoding, CompanyChangesNothing) {
  const Table expert = random_table(8, 4), amateur = random_table(8, 5);
  std::vector<GenerationConfig> configs = {contrasted(0.1), contrasted(0.5), contrasted(0.1), contrasted(0.02),
                                           contrasted(0.1)};
  configs[1].num_beams = 3;
  configs[2].amateur_context = 2;
  configs[3].do_sample = true;
  configs[3].seed = 5;
  configs[3].num_return_sequences = 3;
  TableModel first({.n_cells = 60, .max_sequences = 8}, expert), second({.n_cells = 40, .max_sequences = 5}, amateur);
  const Text prompt = {1, 2, 3, 4, 5, 6, 1, 2, 3, 4};
  const auto answers = run_all(configs, prompt, first, second);
  for (std::size_t i = 0; i < configs.size(); ++i)
    EXPECT_EQ(texts_of(answers[i]), decode(configs[i], prompt, expert, amateur)) << i;
}

TEST(ContrastiveDecoding, BothCachesAreUsedAgain) {
  TableModel first({}, random_table(8, 4)), second({}, random_table(8, 5));
  run_all({contrasted(0.1, 0, 10)}, {1, 2, 3}, first, second);
  EXPECT_EQ(first.rows_evaluated(), 3 + 9);
  EXPECT_EQ(second.rows_evaluated(), 3 + 9);
}

TEST(ContrastiveDecoding, ABadLogitOfTheAmateurEndsThisRunOnly) {
  for (const float bad : {NAN, INFINITY}) {
    const Table expert = random_table(8, 4);
    TableModel first({}, expert), second({}, [&](const Text& text) {
      std::vector<float> logits(8, 1);
      if (text.size() == 5) logits[3] = bad;
      return logits;
    });
    Scheduler scheduler({&first, &second});
    Request both = request(contrasted(), {1, 2}, contrastive_decoding);
    both.models = {0, 1};
    const auto other = start(scheduler, request(greedy_config(), {1, 2}, greedy));
    const auto run = start(scheduler, both);
    scheduler.run();
    other->rethrow();
    EXPECT_EQ(other->sequences()[0].ids, run_alone(request(greedy_config(), {1, 2}, greedy), {}, expert)[0]);
    try {
      run->rethrow();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), "the amateur other returned a logit that is not a number or infinite");
    }
  }
}

TEST(ContrastiveDecoding, WithoutAnAmateurItIsRefused) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(contrasted(), {1, 2}, contrastive_decoding));
  scheduler.run();
  EXPECT_THROW(run->rethrow(), Error);
}

}  // namespace
}  // namespace decant
