
#include <gtest/gtest.h>

#include <random>

#include "support/beams.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

GenerationConfig diverse_config(int num_beams, int groups, double penalty, int max_new_tokens,
                                std::vector<Token> eos = {}) {
  GenerationConfig config = beam_config(num_beams, max_new_tokens, std::move(eos));
  config.strategy = "diverse_beam";
  config.num_beam_groups = groups;
  config.diversity_penalty = penalty;
  return config;
}

TableModel table_model(int n_vocab, std::uint64_t seed) {
  return TableModel({.n_vocab = n_vocab}, random_table(n_vocab, seed));
}

// Algorithm 1 of the paper, group by group, on dense arrays.
std::vector<Found> definition(const TableModel& model, const GenerationConfig& config) {
  const int width = config.num_beams / config.num_beam_groups;
  std::vector<BeamOracle> groups(static_cast<std::size_t>(config.num_beam_groups),
                                 BeamOracle(law_of_table(model), {1, 2}, config, width));
  std::vector<bool> done(groups.size());
  while (std::find(done.begin(), done.end(), false) != done.end()) {
    std::vector<Token> taken;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (done[g]) {
        if (config.hf_compat) taken.insert(taken.end(), static_cast<std::size_t>(width), config.eos_token_id->at(0));
        continue;
      }
      done[g] = !groups[g].advance_classic(groups[g].continuations([&](Token token) {
        return config.diversity_penalty * static_cast<double>(std::count(taken.begin(), taken.end(), token));
      }));
      for (const OracleBeam& beam : groups[g].beams()) {
        if (beam.score > -1e8) taken.push_back(beam.ids.back());  // there are places that no beam has
      }
    }
  }
  std::vector<Found> all;
  for (const BeamOracle& group : groups) all.insert(all.end(), group.pool().begin(), group.pool().end());
  std::stable_sort(all.begin(), all.end());
  return all;
}

TEST(DiverseBeam, EqualsTheDefinition) {
  std::mt19937 random(1);
  const auto one_of = [&](auto... values) {
    const std::common_type_t<decltype(values)...> list[] = {values...};
    return list[random() % sizeof...(values)];
  };
  for (int trial = 0; trial < 3000; ++trial) {
    const int n_vocab = one_of(4, 5, 6, 8), n_groups = one_of(1, 2, 3), width = one_of(1, 2, 3);
    TableModel model = table_model(n_vocab, random());
    std::vector<Token> eos = {n_vocab - 1};
    if (one_of(true, false)) eos.push_back(0);
    GenerationConfig config =
        diverse_config(n_groups * width, n_groups, n_groups > 1 ? one_of(0.3, 1.0, 4.0) : 0, one_of(1, 3, 5, 8), eos);
    if (n_groups * width > 1) {
      config.length_penalty = one_of(-1.0, 0.0, 1.0, 2.0);
      config.early_stopping = one_of("false", "true", "never");
    }
    config.hf_compat = one_of(true, false);
    ASSERT_EQ(difference(search(config, model), definition(model, config)), "") << trial;
  }
}

TEST(DiverseBeam, OneGroupIsBeamSearch) {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    TableModel model = table_model(7, seed);
    GenerationConfig one = diverse_config(4, 1, 0, 8, {6}), plain = beam_config(4, 8, {6});
    one.early_stopping = plain.early_stopping = "never";
    EXPECT_EQ(text(search(one, model)), text(search(plain, model))) << seed;
  }
}

TEST(DiverseBeam, WithoutAPenaltyAllGroupsAreTheSame) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    TableModel model = table_model(7, seed);
    const std::vector<Sequence> found = search(diverse_config(6, 3, 0, 8, {6}), model);
    ASSERT_EQ(found.size(), 6u);
    for (std::size_t i = 0; i < 6; i += 3) {
      EXPECT_EQ(found[i].ids, found[i + 1].ids);
      EXPECT_EQ(found[i].ids, found[i + 2].ids);
    }
    for (const auto& batch : model.batches()) EXPECT_LE(batch.size(), 2u);  // what they share is evaluated once
  }
}

TEST(DiverseBeam, GroupsOfOneBeamAvoidEachOthersTokens) {
  TableModel model = table_model(8, 3);
  const std::vector<Sequence> found = search(diverse_config(3, 3, 100, 10), model);
  for (std::size_t step = 0; step < 10; ++step) {
    EXPECT_NE(found[0].ids[step], found[1].ids[step]);
    EXPECT_NE(found[0].ids[step], found[2].ids[step]);
    EXPECT_NE(found[1].ids[step], found[2].ids[step]);
  }
}

class Reasons : public RunObserver {
 public:
  bool wants_search() const override { return true; }
  void search(const SearchStep& step) override {
    for (const SearchCandidate& each : step.candidates) {
      if (each.reason == PruneReason::group_penalty) {
        ++lost;
        EXPECT_GT(each.group, 0);
        EXPECT_EQ(each.fate, Fate::pruned);
        EXPECT_GT(each.penalty, 0);
      }
    }
  }
  int lost = 0;
};

TEST(DiverseBeam, TheTraceSaysWhomThePenaltyCostItsPlace) {
  TableModel model = table_model(8, 3);
  Reasons reasons, none;
  search(diverse_config(4, 2, 100, 10), model, {1, 2}, &reasons);
  search(diverse_config(4, 2, 0, 10), model, {1, 2}, &none);
  EXPECT_GE(reasons.lost, 2);  // the first group's two tokens at the first step, at least
  EXPECT_EQ(none.lost, 0);
}

}  // namespace
}  // namespace decant
