#include "cli/progress.h"

#include <gtest/gtest.h>

#include "cli/style.h"

namespace decant {
namespace {

TEST(ProgressLine, HasABarWhereThereIsRoom) {
  EXPECT_EQ(progress_line("writing", 50, "12 s left", 80), "writing [###############...............] 50%, 12 s left");
  EXPECT_EQ(progress_line("writing", 50, "", 30), "writing [#######........] 50%");
  EXPECT_EQ(progress_line("writing", 50, "12 s left", 25), "writing 50%, 12 s left");
}

TEST(ProgressLine, IsNarrowerThanTheTerminalAndHarmless) {
  for (int width = 1; width < 90; ++width) {
    for (const char* note : {"", "41 of 256 tokens at most, 12 s left", "灯台守の灯台守の灯台守の", "\033[2J\n"}) {
      const std::string line = progress_line("reading the prompt", 7, note, width);
      EXPECT_LT(columns(line), width) << line;
      EXPECT_EQ(line.find_first_of("\033\n"), line.npos);
    }
  }
}

TEST(TimeLeft, InItsUnits) {
  EXPECT_EQ(time_left(0), "0 s left");
  EXPECT_EQ(time_left(59.4), "59 s left");
  EXPECT_EQ(time_left(90), "2 min left");
  EXPECT_EQ(time_left(3600), "1 h 0 min left");
  EXPECT_EQ(time_left(1e300), "days left");
  EXPECT_EQ(time_left(0.0 / 0.0), "days left");
}

}  // namespace
}  // namespace decant
