#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.h"
#include "schema/language.h"
#include "schema/regex_gbnf.h"

namespace decant {
namespace {

using test::Language;

Language strings_of(const std::string& pattern, long least = 0, long most = -1) {
  GbnfRules rules;
  const std::string body = regex_gbnf(pattern, least, most, rules);
  return Language("root ::= " + body + '\n' + rules.text());
}

std::string refusal(const std::string& pattern, long least = 0, long most = -1) {
  GbnfRules rules;
  try {
    regex_gbnf(pattern, least, most, rules);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

const char* const kPatterns[] = {"^a*b$",       "^(a|b1)+$",   "^[^a]{1,3}$",      "^.{2}$",       "^\\d\\w?$",
                                 "^a{2,}$",     "^a{0}b$",     "^(?:ab){1,2}$",    "^$|^a$",       "^a?b??$",
                                 "^[a-b\\-]+$", "^\"a\\\\$",   "^[\\s\\S]?$",      "^\\W$",        "^(|a)b$",
                                 "^((a))$",     "^[\"\\\\]*$", "^[\\x61\\u0062]$", "^(a|(b|1)-)*$"};

// Every text of three or fewer of these characters, against the standard library's matcher.
TEST(RegexGbnf, MatchesWhatTheExpressionMatches) {
  const std::string alphabet = "ab1-\"\\";
  std::vector<std::string> texts = {""};
  for (std::size_t i = 0; texts[i].size() < 4 && i < texts.size(); ++i) {
    if (texts[i].size() == 3) break;
    for (const char c : alphabet) texts.push_back(texts[i] + c);
  }
  ASSERT_EQ(texts.size(), 1u + 6 + 36 + 216);
  for (const std::string pattern : kPatterns) {
    SCOPED_TRACE(pattern);
    const Language language = strings_of(pattern);
    const std::regex regex(pattern);
    int matched = 0;
    for (const std::string& text : texts) {
      const bool expected = std::regex_search(text, regex);
      matched += expected;
      EXPECT_EQ(language.contains(nlohmann::json(text).dump()), expected) << text;
    }
    EXPECT_GT(matched, 0);
  }
}

TEST(RegexGbnf, WithoutAnchorsAnythingMayStandAround) {
  for (const std::string pattern : {"a1", "^a1", "a1$", "a1|b$", "^b|1$"}) {
    SCOPED_TRACE(pattern);
    const Language language = strings_of(pattern);
    for (const char* text : {"a1", "xa1", "a1x", "xa1x", "b", "xb", "bx", "1", "1x", "x", ""}) {
      EXPECT_EQ(language.contains(nlohmann::json(text).dump()), std::regex_search(text, std::regex(pattern))) << text;
    }
  }
}

TEST(RegexGbnf, EveryTextIsAJsonString) {
  EXPECT_FALSE(strings_of("^.*$").contains("\"a\"b\""));
  EXPECT_FALSE(strings_of("^.*$").contains("\"\\\""));
  EXPECT_FALSE(strings_of("^[^,]*$").contains("\"\n\""));
  EXPECT_TRUE(strings_of("^a\\nb$").contains("\"a\\nb\""));
  EXPECT_TRUE(strings_of("^.$").contains("\"é\""));
  EXPECT_TRUE(strings_of("^[😀-😂]$").contains("\"😁\""));
}

TEST(RegexGbnf, Lengths) {
  EXPECT_TRUE(strings_of("^[a-z]+$", 2, 3).contains("\"abc\""));
  EXPECT_FALSE(strings_of("^[a-z]+$", 2, 3).contains("\"a\""));
  EXPECT_FALSE(strings_of("^[a-z]+$", 2, 3).contains("\"abcd\""));
  EXPECT_FALSE(strings_of("^[a-z]{1,2}$", 0, 9).contains("\"abc\""));
  EXPECT_TRUE(strings_of("^a(b|cd)$", 2, 3).contains("\"acd\""));
  EXPECT_NE(refusal("^a(b|cd)$", 3, 3), "");
  EXPECT_NE(refusal("^(ab)+$", 0, 4), "");
  EXPECT_NE(refusal("^[a-z]{3}$", 4, 5), "");
}

TEST(RegexGbnf, WhatCannotBeExpressedIsSaid) {
  EXPECT_EQ(refusal("^(?=a)b$"), "looks around");
  EXPECT_EQ(refusal("^(?<!a)b$"), "looks around");
  EXPECT_EQ(refusal("^(a)\\1$"), "has the escape \\1");
  EXPECT_EQ(refusal("\\bword\\b"), "has the escape \\b");
  EXPECT_EQ(refusal("^\\p{L}+$"), "has the escape \\p");
  EXPECT_EQ(refusal("^(a*)*$"), "repeats what may be empty");
  EXPECT_EQ(refusal("^(a$|b)$"), "has ^ or $ in the middle");
  EXPECT_EQ(refusal("^a{2001}$"), "asks for more than 2000 repetitions");
  for (const char* pattern :
       {"(", ")", "[", "[z-a]", "a{", "a{2,1}", "*", "a**", "\\", "\\u12", "(?", "(?<x", "[]", "\\u{110000}"}) {
    EXPECT_NE(refusal(pattern), "") << pattern;
  }
}

}  // namespace
}  // namespace decant
