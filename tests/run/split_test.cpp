// Drafts by a model's own lower layers, which the whole goes on from: the same texts, and no row below twice.
#include <gtest/gtest.h>

#include <set>

#include "support/drafted.h"
#include "support/runs.h"
#include "support/upper_table.h"

namespace decant {
namespace {

using namespace testing;

using Tokens = std::vector<Token>;

const Tokens prompt = {1, 2, 3, 4, 5};

struct SplitRun {
  explicit SplitRun(TableShape shape = {}, bool lower_first = true)
      : lower(std::make_shared<TableModel>(shape)), upper(shape, lower) {
    // Often, but not always, what the whole says.
    lower->set_table([this](const Tokens& text) {
      std::vector<float> logits = upper.logits_of(text), other = random_table(8, 5)(text);
      for (std::size_t i = 0; i < logits.size(); ++i) logits[i] += other[i] / 4;
      return logits;
    });
    if (lower_first) drafting = scheduler.add(*lower, 1);
    target = scheduler.add(upper);
    if (!lower_first) drafting = scheduler.add(*lower, 1);
  }

  Request of(const Pairs& options) const {
    const Pairs drafter = {{"assistant_early_exit", "2"}, {"num_assistant_tokens_schedule", "constant"}};
    const GenerationConfig config = given(drafter + options);
    const StrategyRow& row = resolve_strategy(config);
    return {.config = config,
            .prompt = prompt,
            .strategy = row.run,
            .does = facts_of(row, config),
            .models = {target, drafting},
            .n_drafting = n_drafting(row, config)};
  }

  Table table() {
    return [this](const Tokens& text) { return upper.logits_of(text); };
  }

  Scheduler scheduler;
  std::shared_ptr<TableModel> lower;
  UpperTable upper;
  ModelId target = 0, drafting = 0;
};

const Pairs ways[] = {
    {{"max_new_tokens", "40"}},
    {{"max_new_tokens", "40"}, {"temperature", "0.7"}, {"seed", "5"}},
    {{"max_new_tokens", "20"}, {"temperature", "1"}, {"seed", "6"}, {"num_return_sequences", "3"}},
    {{"max_new_tokens", "40"}, {"temperature", "1"}, {"repetition_penalty", "1.3"}, {"seed", "7"}},
};

std::vector<Tokens> alone(SplitRun& split, const Pairs& way, TableShape shape) {
  const GenerationConfig config = given(way);
  return run_alone(request(config, prompt, resolve_strategy(config).run), shape, split.table());
}

TEST(Split, WritesWhatTheUndividedModelWrites) {
  for (const int cells : {256, 90}) {
    for (const bool lower_first : {true, false}) {
      TableShape shape{.n_cells = cells};
      SplitRun split(shape, lower_first);
      std::vector<std::unique_ptr<decant::Run>> runs;
      for (const Pairs& way : ways) runs.push_back(start(split.scheduler, split.of(way)));
      split.scheduler.run();
      for (std::size_t i = 0; i < runs.size(); ++i) {
        runs[i]->rethrow();
        const auto ids = alone(split, ways[i], {});
        for (std::size_t j = 0; j < ids.size(); ++j) EXPECT_EQ(runs[i]->sequences()[j].ids, ids[j]) << i;
        EXPECT_GT(runs[i]->stats().speculation.drafters.at(0).kept, 3) << i;
      }
    }
  }
}

TEST(Split, NoRowIsEvaluatedBelowTwice) {
  SplitRun split;
  const auto run = start(split.scheduler, split.of(ways[0]));
  split.scheduler.run();
  run->rethrow();
  std::set<Tokens> texts;
  int again = 0;
  for (const auto& batch : split.lower->batches()) {
    for (const LoggedRow& row : batch) again += !texts.insert(row.prefix).second;
  }
  // The prompt's last token, which the whole read first: a draft wants its logits.
  EXPECT_LE(again, 1);
  EXPECT_GT(split.lower->rows_evaluated(), 40);
}

TEST(Split, ARequestWithoutDraftsNeedsTheWholeOnly) {
  TableShape shape;
  SplitRun split(shape);
  Scheduler scheduler({&split.upper});
  const GenerationConfig config = given(ways[1]);
  const auto run = start(scheduler, request(config, prompt, resolve_strategy(config).run));
  scheduler.run();
  run->rethrow();
  EXPECT_EQ(run->sequences()[0].ids, alone(split, ways[1], shape)[0]);
}

TEST(Split, TheWholeGoesOnWhenNobodyDraftsAnyMore) {
  SplitRun split;
  {
    const auto run = start(split.scheduler, split.of(ways[0]));
    for (int i = 0; i < 5; ++i) split.scheduler.step();
  }
  split.scheduler.remove(split.drafting);
  GenerationConfig config = given(ways[1]);
  Request plain = request(config, prompt, resolve_strategy(config).run);
  plain.models = {split.target};
  const auto run = start(split.scheduler, plain);
  split.scheduler.run();
  run->rethrow();
  EXPECT_EQ(run->sequences()[0].ids, alone(split, ways[1], {})[0]);
  split.drafting = split.scheduler.add(*split.lower, 1);
  const auto again = start(split.scheduler, split.of(ways[2]));
  split.scheduler.run();
  again->rethrow();
  EXPECT_EQ(again->sequences()[0].ids, alone(split, ways[2], {})[0]);
}

// What one has said and is still waiting for another is not overwritten by the whole's reading below.
TEST(Split, AnswersOfTheLowerLayersAreKept) {
  SplitRun split({.max_outputs = 1});
  const Outputs logits{.logits = true};
  Inquiry both, other;
  const auto node = [&](Tokens text) {
    Node at = split.scheduler.tree().root();
    for (const Token token : text) at = at.child(token);
    return at;
  };
  both.targets = {{.node = node({1, 2}), .outputs = &logits, .model = split.drafting},
                  {.node = node({1, 3}), .outputs = &logits, .model = split.target}};
  other.targets = {{.node = node({2, 3}), .outputs = &logits, .model = split.target}};
  bool answered = false;
  both.go_on = [&] {
    const auto said = both.rows[0].logits;
    EXPECT_EQ(std::vector(said.begin(), said.end()), split.lower->logits_after({1, 2}));
    answered = true;
  };
  other.go_on = [] {};
  for (Inquiry* each : {&other, &both}) {
    each->models = {split.target, split.drafting};
    each->age = split.scheduler.next_age();
    split.scheduler.post(*each);
  }
  split.scheduler.run();
  EXPECT_TRUE(answered);
}

}  // namespace
}  // namespace decant
