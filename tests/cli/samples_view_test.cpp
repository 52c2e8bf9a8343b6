#include "cli/samples_view.h"

#include <gtest/gtest.h>

#include <sstream>

namespace decant {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

const std::vector<std::string> kTexts = {"one two three four five six seven", "\033[2J日本", ""};

TEST(SamplesView, TextsStandBesideEachOther) {
  const auto lines = lines_of(show_samples(kTexts, Style(false), 69));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "1                     │ 2                     │ 3");
  EXPECT_EQ(lines[2], "one two three four    │ \\u{1B}[2J日本         │");
  EXPECT_EQ(lines[3], "five six seven        │                       │");
}

TEST(SamplesView, WhatDoesNotFitStandsBelow) {
  for (const int width : {16, 30, 50, 65}) {
    const std::string text = show_samples(kTexts, Style(false), width);
    for (const std::string& line : lines_of(text)) EXPECT_LE(columns(line), width) << text;
    EXPECT_NE(text.find("five"), text.npos);
    EXPECT_NE(text.find("\n3"), text.npos);
  }
}

TEST(SamplesView, OfALongTextTheEnd) {
  const auto lines = lines_of(show_samples(kTexts, Style(false), 69, 1));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[2].starts_with("five six seven "));
}

}  // namespace
}  // namespace decant
