#include "cli/rounds_view.h"

#include <gtest/gtest.h>

#include "strategies/speculative_trace.h"
#include "support/table_model.h"

namespace decant {
namespace {

const testing::TableVocab vocab({" a", " b", " c", "\033[2J", "<end>"}, {4});

WrittenToken written(Token token, std::string_view verdict, int depth, std::vector<Token> drafted, int guesses) {
  auto trace = std::make_shared<SpeculativeTrace>();
  trace->drafter = "prompt_lookup";
  trace->verdict = verdict;
  trace->depth = depth;
  trace->guesses = guesses;
  for (const Token each : drafted) trace->drafted.push_back({each});
  return {token, trace};
}

// A round without guesses, one of three guesses of which two are kept, one whose only guess is kept.
WrittenTexts three_rounds() {
  return {{0,
           {{0},
            written(1, "accepted", 0, {1}, 3),
            written(2, "accepted", 1, {2, 0}, 3),
            written(3, "rejected", 2, {1, 0}, 3),
            written(0, "accepted", 0, {0}, 1),
            written(4, "bonus", 1, {}, 1)}}};
}

std::string drawn(const WrittenTexts& texts, bool color = false, int width = 80) {
  return show_rounds(texts, {vocab, Style(color), width});
}

TEST(RoundsView, EveryTokenHasTheSignOfItsVerdict) {
  EXPECT_EQ(drawn(three_rounds()),
            "round  guessed  kept\n"
            "    1        0     0  \" a\"\n"
            "    2        3     2  +\" b\" +\" c\" x\" b\" x\" a\" >\"\\u{1B}[2J\"\n"
            "    3        1     1  +\" a\" *\"<end>\"\n"
            "+ guessed and kept  x guessed in vain  > in its place  * behind all guesses\n");
}

TEST(RoundsView, ColoursAreThoseOfTheVerdicts) {
  const std::string text = drawn(three_rounds(), true);
  for (const char* each : {"\033[32m+\" b\"", "\033[31mx\" b\"", "\033[35m>\"", "\033[1;34m*\""}) {
    EXPECT_NE(text.find(each), std::string::npos) << each;
  }
}

TEST(RoundsView, LongRoundsGoOnBelowTheirFirstToken) {
  WrittenTexts texts = {{0, {}}};
  for (int i = 0; i < 12; ++i) texts[0].push_back(written(1, "accepted", i, {1}, 12));
  const std::string text = drawn(texts, false, 40);
  EXPECT_NE(text.find("\n    1       12    12  +\" b\" +\" b\" +\" b\"\n                      +\" b\""),
            std::string::npos)
      << text;
}

TEST(RoundsView, TextsAreToldApart) {
  WrittenTexts texts = three_rounds();
  texts[1] = {{1}};
  EXPECT_NE(drawn(texts).find("text 2 of 2\nround  guessed  kept\n    1        0     0  \" b\"\n"), std::string::npos);
}

}  // namespace
}  // namespace decant
