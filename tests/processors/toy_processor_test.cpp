// A processor that one file adds: its class, its row and its test. The engine knows nothing of it, and has it in the
// recipe, in traces and in Runs.
#include <gtest/gtest.h>

#include "options/usage_error.h"
#include "processors/by_row.h"
#include "strategies/sample.h"
#include "support/runs.h"

namespace decant {
namespace {

bool is_on = false;  // where a processor of the engine reads its option

// No token with an odd id.
class EvenIds final : public Processor {
 public:
  std::string_view name() const override { return "toy_even_ids"; }
  void operator()(Scores& scores, const Context&) const override {
    scores.keep_if([](Token id, float) { return id % 2 == 0; });
  }
};

const Registered<ProcessorRow> row({
    .option = "toy_even_ids",
    .part = ChainPart::warper,
    .place = 550,
    .truncates = true,
    .is_on = [](const auto&, const auto&) { return is_on; },
    .make = [](const auto&, const auto&) { return made<EvenIds>(); },
});

class ToyProcessor : public ::testing::Test {
 protected:
  void SetUp() override { is_on = true; }
  void TearDown() override { is_on = false; }
};

TEST_F(ToyProcessor, StandsBetweenItsNeighbours) {
  const auto names = [](bool sampling) {
    std::vector<std::string> result;
    for (const auto& each : make_recipe({.top_k = 5, .top_p = .9}, sampling, {}).processors) {
      result.emplace_back(each->name());
    }
    return result;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(true), (Names{"top_k", "toy_even_ids", "top_p"}));
  EXPECT_EQ(names(false), Names{}) << "a warper";
  is_on = false;
  EXPECT_EQ(names(true), (Names{"top_k", "top_p"}));
}

TEST_F(ToyProcessor, ContradictsMirostatAsEveryTruncationDoes) {
  EXPECT_EQ(usage_error([] { reject_processor_contradictions({.mirostat = 2}); }),
            "mirostat 2 contradicts toy_even_ids: drop one of them");
}

struct Recorder : RunObserver {
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override { decisions.push_back(decision); }
  std::vector<Decision> decisions;
};

TEST_F(ToyProcessor, WorksInARunAndShowsInItsTrace) {
  Recorder recorder;
  const auto ids = testing::run_alone(testing::request(testing::sampling_config(5, 20), {1, 2, 3}, sample, &recorder));
  ASSERT_EQ(ids.size(), 1u);
  ASSERT_EQ(ids[0].size(), 20u);
  for (const Token id : ids[0]) EXPECT_EQ(id % 2, 0);
  is_on = false;
  const auto without = testing::run_alone(testing::request(testing::sampling_config(5, 20), {1, 2, 3}, sample));
  EXPECT_TRUE(std::any_of(without[0].begin(), without[0].end(), [](Token id) { return id % 2 == 1; }));

  ASSERT_EQ(recorder.decisions.size(), 20u);  // and the names are there when processors and Run are gone
  for (const Decision& decision : recorder.decisions) {
    ASSERT_EQ(decision.stages.size(), 1u);
    EXPECT_EQ(decision.stages[0].name, "toy_even_ids");
    EXPECT_EQ(decision.stages[0].kept, 4);
    for (const TraceCandidate& each : decision.top) EXPECT_EQ(each.cut_by, each.id % 2 == 1 ? "toy_even_ids" : "");
  }
}

}  // namespace
}  // namespace decant
