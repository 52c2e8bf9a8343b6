#include "cli/speculation_report.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

SpeculationStats some() {
  SpeculationStats stats{.rounds = 17, .tokens = 40};
  stats.drafters.push_back({.name = "prompt_lookup",
                            .rounds = 7,
                            .drafted = 41,
                            .kept = 23,
                            .reached = {7, 7, 7, 6, 6},
                            .kept_at = {6, 5, 5, 4}});
  stats.drafters.push_back({.name = "draft_model", .idle = 3});
  return stats;
}

TEST(SpeculationReport, SaysWhoGuessedHowMuchAndWhatItSaved) {
  EXPECT_EQ(speculation_lines(some()),
            "guesses   prompt_lookup in 7 of 17 rounds: 41 drafted, 23 kept (56%)\n"
            "          kept at depth 1 86%, 2 71%, 4 67%\n"
            "          draft_model had nothing to say\n"
            "          left out of 3 rounds: it would not have paid\n"
            "saved     23 evaluations: 40 tokens in 17 rounds\n");
}

TEST(SpeculationReport, IsEmptyWhereNobodyWasToGuess) {
  EXPECT_EQ(speculation_lines({.rounds = 40, .tokens = 40, .drafters = {}}), "");
}

// A depth that was reached and never kept is not in kept_at.
TEST(SpeculationReport, DepthsThatWereNeverKeptAreZero) {
  SpeculationStats stats{.rounds = 2, .tokens = 2};
  stats.drafters.push_back({.name = "a", .rounds = 2, .drafted = 4, .kept = 0, .reached = {2, 2}, .kept_at = {}});
  EXPECT_NE(speculation_lines(stats).find("kept at depth 1 0%, 2 0%\n"), std::string::npos) << speculation_lines(stats);
  EXPECT_NE(speculation_lines(stats).find("saved     0 evaluations"), std::string::npos);
}

TEST(SpeculationReport, Json) {
  JsonWriter json;
  SpeculationStats stats = some();
  stats.drafters[0].reached = {7, 7};
  stats.drafters[0].kept_at = {6};
  write_speculation(json, stats);
  EXPECT_EQ(json.text(), R"({"rounds":17,"tokens":40,"saved":23,"with_prompt":0,"drafters":[)"
                         R"({"name":"prompt_lookup","rounds":7,"idle":0,"drafted":41,"kept":23,)"
                         R"("by_depth":[{"reached":7,"kept":6},{"reached":7,"kept":0}]},)"
                         R"({"name":"draft_model","rounds":0,"idle":3,"drafted":0,"kept":0,"by_depth":[]}]})");
}

}  // namespace
}  // namespace decant
