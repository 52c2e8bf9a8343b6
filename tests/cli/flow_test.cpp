#include "cli/flow.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/style.h"

namespace decant {
namespace {

using Lines = std::vector<std::string>;

Lines set(const std::vector<FlowPiece>& pieces, int width) {
  return flow(pieces, width, [](int look, std::string_view text) {
    return look == 0 ? std::string(text) : fmt::format("<{}>", text);
  });
}

TEST(Flow, BreaksAtBlanks) {
  EXPECT_EQ(set({{"one two three"}}, 8), (Lines{"one two ", "three   "}));
  EXPECT_EQ(set({{"one two"}}, 7), (Lines{"one two"}));
  EXPECT_EQ(set({{"one two"}}, 6), (Lines{"one   ", "two   "}));
  EXPECT_EQ(set({{"sesquipedalian"}}, 6), (Lines{"sesqui", "pedali", "an    "}));
  EXPECT_EQ(set({{""}}, 6), Lines{});
}

TEST(Flow, LineEndsAndControlsAreShown) {
  EXPECT_EQ(set({{"a\nb\tc"}}, 6), (Lines{"a↵    ", "b⇥c   "}));
  EXPECT_EQ(set({{"\n\n"}}, 3), (Lines{"↵  ", "↵  "}));
  EXPECT_EQ(set({{"a\x1b[2Jb"}}, 20), (Lines{R"(a\u{1B}[2Jb         )"}));
  EXPECT_EQ(set({{"say \"no\\\""}}, 12), (Lines{"say \"no\\\"   "}));
}

TEST(Flow, LooksGoAcrossLines) { EXPECT_EQ(set({{"aa "}, {"bb cc", 1}, {" d"}}, 5), (Lines{"aa <bb>", "<cc> d "})); }

TEST(Flow, EveryLineIsAsWideAsTheColumn) {
  for (int width = 8; width < 30; ++width) {
    for (const std::string& line :
         set({{"Ein 灯台 und noch eine Zeile,\nmit Akzenten e\xCC\x81 und \xE2\x80\xAE mehr"}}, width)) {
      EXPECT_EQ(columns(line), width) << line;
    }
  }
}

}  // namespace
}  // namespace decant
