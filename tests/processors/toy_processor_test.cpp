// A processor that one file adds: its class, its option, its row and its test. The engine knows nothing of it, and has
// it in the recipe, in help, in traces and in Runs.
#include <gtest/gtest.h>

#include "options/help.h"
#include "options/option.h"
#include "options/setting.h"
#include "options/usage_error.h"
#include "processors/by_row.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

const Option<bool> toy_even_ids({.name = "toy_even_ids",
                                 .group = "Toy",
                                 .doc = "only tokens with an even id",
                                 .when = "to see that one file is enough"},
                                false);

GenerationConfig given(const std::string& setting) { return parse_setting(setting, {}).config; }

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
    .is_on = [](const auto& config, const auto&) { return toy_even_ids(config); },
    .make = [](const auto&, const auto&) { return made<EvenIds>(); },
});

TEST(ToyProcessor, StandsBetweenItsNeighbours) {
  const auto names = [](const std::string& setting, bool sampling) {
    std::vector<std::string> result;
    for (const auto& each : make_recipe(given("top_k=5 top_p=0.9" + setting), sampling, {}).processors) {
      result.emplace_back(each->name());
    }
    return result;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(" toy_even_ids=true", true), (Names{"top_k", "toy_even_ids", "top_p"}));
  EXPECT_EQ(names(" toy_even_ids=true", false), Names{}) << "a warper";
  EXPECT_EQ(names("", true), (Names{"top_k", "top_p"}));
}

TEST(ToyProcessor, ContradictsMirostatAsEveryTruncationDoes) {
  EXPECT_EQ(usage_error([] { reject_processor_contradictions(given("mirostat=2 toy_even_ids=true")); }),
            "mirostat 2 contradicts toy_even_ids true: drop one of them");
}

TEST(ToyProcessor, StandsInTheReferenceOfAllOptions) {
  EXPECT_NE(reference_text(generation_fields(), readers).find("only tokens with an even id"), std::string::npos);
}

struct Recorder : RunObserver {
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override { decisions.push_back(decision); }
  std::vector<Decision> decisions;
};

TEST(ToyProcessor, WorksInARunAndShowsInItsTrace) {
  using namespace testing;
  const std::string setting = "do_sample=true top_k=0 seed=5 max_new_tokens=20";
  Recorder recorder;
  const auto ids = run_alone(request(given(setting + " toy_even_ids=true"), {1, 2, 3}, testing::sample, &recorder));
  ASSERT_EQ(ids.size(), 1u);
  ASSERT_EQ(ids[0].size(), 20u);
  for (const Token id : ids[0]) EXPECT_EQ(id % 2, 0);
  const auto without = run_alone(request(given(setting), {1, 2, 3}, testing::sample));
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
