#include "cli/word_wrap.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

// What is sent for a text that comes in pieces.
std::string sent(std::initializer_list<std::string_view> pieces, int width) {
  WordWrap wrap;
  std::string out;
  for (const std::string_view piece : pieces) out += wrap.push(piece, width);
  return out;
}

TEST(WordWrap, WhatFitsIsSentAsItIs) {
  EXPECT_EQ(sent({"one two", " three"}, 13), "one two three");
  EXPECT_EQ(sent({"one\ntwo"}, 3), "one\ntwo");
  EXPECT_EQ(sent({std::string(500, 'x')}, 0), std::string(500, 'x'));
}

TEST(WordWrap, AWordThatDoesNotFitIsTakenBack) {
  EXPECT_EQ(sent({"one two"}, 6), "one tw\033[5G\033[K\ntwo");
  EXPECT_EQ(sent({"one t", "w", "o three"}, 6), "one tw\033[5G\033[K\ntwo th\033[5G\033[K\nthree");
}

TEST(WordWrap, ABlankAtTheEdgeIsTheLinesEnd) {
  EXPECT_EQ(sent({"one two"}, 3), "one\ntwo");
  EXPECT_EQ(sent({"one", " ", "two"}, 4), "one \ntwo");  // the blank still fits
  EXPECT_EQ(sent({"one", "\n", "two"}, 3), "one\ntwo");
}

TEST(WordWrap, AWordLongerThanTheLineIsLeftToTheTerminal) {
  EXPECT_EQ(sent({"abcdefgh ij"}, 4), "abcdefgh\nij");
  EXPECT_EQ(sent({"a bcdefgh i"}, 4), "a bc\033[3G\033[K\nbcdefgh \ni");  // the terminal breaks behind e
}

TEST(WordWrap, WideCharactersBreakAnywhereAndMarksNowhere) {
  EXPECT_EQ(sent({"灯台守"}, 5), "灯台\n守");
  EXPECT_EQ(sent({"ab灯"}, 3), "ab\n灯");
  EXPECT_EQ(sent({"ae\u0301", "e\u0301 x"}, 3), "ae\u0301e\u0301\nx");
  EXPECT_EQ(sent({"灯e\u0301fg"}, 4), "灯e\u0301f\033[3G\033[K\ne\u0301fg");
}

TEST(WordWrap, TabsAndNewWidths) {
  EXPECT_EQ(sent({"a\tb\tc"}, 20), "a\tb\tc");
  EXPECT_EQ(sent({"a\tb\tc"}, 16), "a\tb\nc");
  WordWrap wrap;
  EXPECT_EQ(wrap.push("one two ", 80), "one two ");
  EXPECT_EQ(wrap.push("three", 10), "th\033[9G\033[K\nthree");
}

}  // namespace
}  // namespace decant
