
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "support/race.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

struct Law {
  std::vector<Token> ranked;
  std::vector<double> p;  // of ranked
};

// The law of one step, from its definition: temperature, then the k likeliest, then the smallest set of mass top_p.
Law law_of(const std::vector<float>& logits, const GenerationConfig& config) {
  Law law;
  for (std::size_t i = 0; i < logits.size(); ++i) law.ranked.push_back(static_cast<Token>(i));
  const auto logit = [&](Token token) { return static_cast<double>(logits[static_cast<std::size_t>(token)]); };
  std::stable_sort(law.ranked.begin(), law.ranked.end(), [&](Token a, Token b) { return logit(a) > logit(b); });
  const std::size_t k = config.top_k > 0 ? static_cast<std::size_t>(config.top_k) : law.ranked.size();
  law.ranked.resize(std::min(k, law.ranked.size()));
  const auto normalise = [&] {
    law.p.clear();
    double total = 0;
    for (const Token token : law.ranked) total += std::exp(logit(token) / config.temperature);
    for (const Token token : law.ranked) law.p.push_back(std::exp(logit(token) / config.temperature) / total);
  };
  normalise();
  double before = 0;
  std::size_t kept = 0;
  while (kept < law.p.size() && before < config.top_p) before += law.p[kept++];
  law.ranked.resize(kept);
  normalise();
  return law;
}

TEST(Sample, EveryTokenIsTheWinnerOfItsRace) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Table table = random_table(8, seed);
    GenerationConfig config = sampling_config(seed, 10);
    config.num_return_sequences = 1 + static_cast<int>(seed % 4);
    config.temperature = 0.5 + 0.1 * static_cast<double>(seed % 10);
    config.top_k = static_cast<int>(seed % 6);
    config.top_p = seed % 3 ? 1.0 : 0.8;
    const auto sequences = run_alone(request(config, {1, 2}, sample), {}, table);
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      std::vector<Token> text = {1, 2};
      for (const Token token : sequences[s]) {
        const Law law = law_of(table(text), config);
        std::vector<double> log_p(8, -std::numeric_limits<double>::infinity());
        for (std::size_t i = 0; i < law.p.size(); ++i) {
          log_p[static_cast<std::size_t>(law.ranked[i])] = std::log(law.p[i]);
        }
        const GumbelNoise noise(seed, static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(text.size()));
        EXPECT_EQ(token, winner_of(log_p, noise))
            << "seed " << seed << " sequence " << s << " position " << text.size();
        text.push_back(token);
      }
    }
  }
}

// Texts of two tokens over 20,000 seeds against their exact probabilities: chi-square with 15 degrees of freedom, whose
// 1 - 1e-6 quantile is 58.
// Those that do not fit wait until others have ended; in turns, each would be read again for every token.
TEST(Sample, MoreTextsThanTheCacheHoldsAreReadLittleMoreThanOnce) {
  for (const double guidance : {1.0, 1.5}) {
    GenerationConfig config = sampling_config(5, 20);
    config.num_return_sequences = 12;
    config.ignore_eos = true;
    config.guidance_scale = guidance;
    const auto expected = run_alone(request(config, {1, 2, 3}, sample), {.n_cells = 2000, .max_sequences = 64});
    const int sides = guidance == 1 ? 1 : 2, tokens = 12 * 20 * sides;
    for (const TableShape& shape : {TableShape{.n_cells = 60}, TableShape{.n_cells = 2000, .max_sequences = 5},
                                    TableShape{.n_cells = 60, .rewind = 0}, TableShape{.n_cells = 25 * sides}}) {
      SCOPED_TRACE(::testing::Message() << shape.n_cells << " cells, " << shape.max_sequences << " sequences, guidance "
                                        << guidance);
      TableModel model(shape);
      Scheduler scheduler({&model});
      const auto run = start(scheduler, request(config, {1, 2, 3}, sample));
      scheduler.run();
      run->rethrow();
      for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(run->sequences()[i].ids, expected[i]);
      EXPECT_LT(model.rows_evaluated(), 2 * tokens);
    }
  }
}

TEST(Sample, TheLawOfTexts) {
  const Table table = random_table(4, 9);
  GenerationConfig config = sampling_config(0, 2);
  config.temperature = 1.5;
  constexpr int kSeeds = 20000;
  std::map<std::vector<Token>, int> counts;
  TableModel model({.n_vocab = 4}, table);
  Scheduler scheduler({&model});
  for (int seed = 0; seed < kSeeds; ++seed) {
    config.seed = static_cast<std::uint64_t>(seed);
    const auto run = start(scheduler, request(config, {1}, sample));
    scheduler.run();
    ++counts[run->sequences()[0].ids];
  }
  double chi_square = 0;
  const Law first = law_of(table({1}), config);
  for (std::size_t i = 0; i < 4; ++i) {
    const Law second = law_of(table({1, first.ranked[i]}), config);
    for (std::size_t j = 0; j < 4; ++j) {
      const double expected = kSeeds * first.p[i] * second.p[j];
      const double difference = counts[{first.ranked[i], second.ranked[j]}] - expected;
      chi_square += difference * difference / expected;
    }
  }
  EXPECT_LT(chi_square, 58);
}

TEST(Sample, SequencesDifferAndTheFirstIsTheOneAskedForAlone) {
  GenerationConfig one = sampling_config(7, 12), four = one;
  four.num_return_sequences = 4;
  const auto alone = run_alone(request(one, {1, 2}, sample));
  const auto together = run_alone(request(four, {1, 2}, sample));
  EXPECT_EQ(together[0], alone[0]);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NE(together[i], together[0]);
}

TEST(Sample, AFinishedSequenceLeavesTheOthersAlone) {
  // Token 0 ends a sequence; each does so in its own time.
  TableModel model;
  GenerationConfig config = sampling_config(11, 20);
  config.num_return_sequences = 6;
  config.eos_token_id = std::vector<int>{0};
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(config, {1, 2}, sample));
  scheduler.run();
  GenerationConfig endless = config;
  endless.eos_token_id = std::vector<int>{};
  const auto whole = run_alone(request(endless, {1, 2}, sample));
  std::size_t shortest = 99, longest = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    auto expected = whole[i];
    const auto end = std::find(expected.begin(), expected.end(), 0);
    if (end != expected.end()) expected.erase(end + 1, expected.end());
    EXPECT_EQ(run->sequences()[i].ids, expected);
    shortest = std::min(shortest, expected.size());
    longest = std::max(longest, expected.size());
  }
  EXPECT_LT(shortest, longest);
}

// ---- dead ends ------------------------------------------------------------------------------------------------------

// Behind a 4 nothing is allowed. The texts are those of Runs of one sequence each, which know of no other.
TEST(Sample, ADeadEndEndsOneTextAndNoOther) {
  int dead = 0, alive = 0, all_dead = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Table table = random_table(8, seed);
    GenerationConfig config = sampling_config(seed, 6);
    config.num_return_sequences = 4;
    TableModel model({}, table);
    Scheduler scheduler({&model});
    const auto free = start(scheduler, request(config, {1, 2}, sample));
    scheduler.run();
    config.prefix_allowed_tokens_fn = [](std::span<const int> text) {
      return text.back() == 4 ? std::vector<int>{} : std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7};
    };
    const auto run = start(scheduler, request(config, {1, 2}, sample));
    scheduler.run();
    const auto cut = [](std::vector<Token> ids) {
      const auto end = std::find(ids.begin(), ids.end(), 4);
      if (end != ids.end()) ids.erase(end + 1, ids.end());
      return ids;
    };
    const auto dies = [](const std::vector<Token>& ids) { return ids.size() < 6 && ids.back() == 4; };
    const auto& expected = free->sequences();
    if (std::all_of(expected.begin(), expected.end(), [&](const Sequence& each) { return dies(cut(each.ids)); })) {
      EXPECT_THROW(run->rethrow(), NothingLeft);
      ++all_dead;
      continue;
    }
    ASSERT_NO_THROW(run->rethrow());
    ASSERT_EQ(run->sequences().size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
      const Sequence& each = run->sequences()[i];
      EXPECT_EQ(each.ids, cut(expected[i].ids)) << seed << " " << i;
      EXPECT_EQ(each.finish, dies(each.ids) ? FinishReason::dead_end : FinishReason::length);
      EXPECT_EQ(each.dead_end.empty(), each.finish != FinishReason::dead_end);
      ++(dies(each.ids) ? dead : alive);
    }
  }
  EXPECT_GT(dead, 20);
  EXPECT_GT(alive, 20);
  EXPECT_GT(all_dead + dead, 20);
}

TEST(Sample, ADeadEndOfTheOnlyTextIsAnError) {
  GenerationConfig config = sampling_config(1, 6);
  config.prefix_allowed_tokens_fn = [](std::span<const int> text) {
    return text.size() > 3 ? std::vector<int>{} : std::vector<int>{0, 1};
  };
  EXPECT_THROW(run_alone(request(config, {1, 2}, sample)), NothingLeft);
  config.num_return_sequences = 3;
  EXPECT_THROW(run_alone(request(config, {1, 2}, sample)), NothingLeft);
}

}  // namespace
}  // namespace decant
