#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.h"
#include "schema/json_schema.h"
#include "schema/language.h"

namespace decant {
namespace {

using test::Language;

std::string schema_of(const std::string& pattern, long least, long most) {
  nlohmann::json schema = {{"type", "string"}, {"pattern", pattern}, {"minLength", least}};
  if (most >= 0) schema["maxLength"] = most;
  return schema.dump();
}

Language strings_of(const std::string& pattern, long least = 0, long most = -1) {
  return Language(json_schema_to_gbnf(schema_of(pattern, least, most)));
}

// What is said of a pattern that cannot be expressed.
std::string refusal(const std::string& pattern, long least = 0, long most = -1) {
  try {
    json_schema_to_gbnf(schema_of(pattern, least, most));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string what = error.what(), said = "json_schema: at #: ", of_pattern = said + "pattern " + pattern + " ";
    EXPECT_TRUE(what.starts_with(said)) << what;
    return what.substr(what.starts_with(of_pattern) ? of_pattern.size() : said.size());
  }
  return "";
}

const char* const kPatterns[] = {"^a*b$",       "^(a|b1)+$",   "^[^a]{1,3}$",      "^.{2}$",       "^\\d\\w?$",
                                 "^a{2,}$",     "^a{0}b$",     "^(?:ab){1,2}$",    "^$|^a$",       "^a?b??$",
                                 "^[a-b\\-]+$", "^\"a\\\\$",   "^[\\s\\S]?$",      "^\\W$",        "^(|a)b$",
                                 "^((a))$",     "^[\"\\\\]*$", "^[\\x61\\u0062]$", "^(a|(b|1)-)*$"};

// Every text of three or fewer of these characters, against the standard library's matcher.
TEST(JsonSchemaStrings, MatchesWhatTheExpressionMatches) {
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

TEST(JsonSchemaStrings, WithoutAnchorsAnythingMayStandAround) {
  for (const std::string pattern : {"a1", "^a1", "a1$", "a1|b$", "^b|1$"}) {
    SCOPED_TRACE(pattern);
    const Language language = strings_of(pattern);
    for (const char* text : {"a1", "xa1", "a1x", "xa1x", "b", "xb", "bx", "1", "1x", "x", ""}) {
      EXPECT_EQ(language.contains(nlohmann::json(text).dump()), std::regex_search(text, std::regex(pattern))) << text;
    }
  }
}

TEST(JsonSchemaStrings, EveryTextIsAJsonString) {
  EXPECT_FALSE(strings_of("^.*$").contains("\"a\"b\""));
  EXPECT_FALSE(strings_of("^.*$").contains("\"\\\""));
  EXPECT_FALSE(strings_of("^[^,]*$").contains("\"\n\""));
  EXPECT_TRUE(strings_of("^a\\nb$").contains("\"a\\nb\""));
  EXPECT_TRUE(strings_of("^.$").contains("\"é\""));
  EXPECT_TRUE(strings_of("^[😀-😂]$").contains("\"😁\""));
}

TEST(JsonSchemaStrings, Lengths) {
  EXPECT_TRUE(strings_of("^[a-z]+$", 2, 3).contains("\"abc\""));
  EXPECT_FALSE(strings_of("^[a-z]+$", 2, 3).contains("\"a\""));
  EXPECT_FALSE(strings_of("^[a-z]+$", 2, 3).contains("\"abcd\""));
  EXPECT_FALSE(strings_of("^[a-z]{1,2}$", 0, 9).contains("\"abc\""));
  EXPECT_TRUE(strings_of("^a(b|cd)$", 2, 3).contains("\"acd\""));
  EXPECT_TRUE(strings_of("^a(b|cd)$", 3, 3).contains("\"acd\""));
  EXPECT_FALSE(strings_of("^a(b|cd)$", 3, 3).contains("\"ab\""));
  EXPECT_TRUE(refusal("^[a-z]{3}$", 4, 5).starts_with("nothing satisfies it"));
  EXPECT_TRUE(refusal("^a$", 2).starts_with("nothing satisfies it"));
}

// Lengths are those of the automaton's texts: every string of up to five letters, against counting them.
TEST(JsonSchemaStrings, PatternsAndLengthsHoldTogether) {
  for (const std::string pattern : {"^(ab)+$", "a", "b.*a", "^(a|bb)*$"}) {
    for (const auto& [least, most] : {std::pair(0L, 3L), {2L, 4L}, {3L, -1L}, {4L, 4L}}) {
      const Language language = strings_of(pattern, least, most);
      for (int bits = 0; bits < 64; ++bits) {
        std::string text;
        for (int rest = bits + 1; rest > 1; rest /= 2) text += rest % 2 == 0 ? 'a' : 'b';
        const long size = std::ssize(text);
        const bool fits = size >= least && (most < 0 || size <= most);
        EXPECT_EQ(language.contains('"' + text + '"'), fits && std::regex_search(text, std::regex(pattern)))
            << pattern << ' ' << text << ' ' << least << ' ' << most;
      }
    }
  }
}

// Beyond what the parser copies, counts are made of halves.
TEST(JsonSchemaStrings, LongLengthsAreExact) {
  for (const long most : {63L, 64L, 65L, 100L, 129L, 1000L, 2001L, 3000L}) {
    for (const std::string pattern : {"^x*$", "^[^y]*$"}) {
      const Language language = strings_of(pattern, most / 2, most);
      for (const long n : {0L, most / 2 - 1, most / 2, most / 2 + 1, most - 1, most, most + 1, most + 100}) {
        const bool fits = most / 2 <= n && n <= most;
        EXPECT_EQ(language.contains('"' + std::string(static_cast<std::size_t>(n), 'x') + '"'), fits)
            << most << ' ' << n;
      }
    }
  }
  const Language repeated = strings_of("^(ab){1500}$");
  std::string text;
  for (int i = 0; i < 1500; ++i) text += "ab";
  EXPECT_TRUE(repeated.contains('"' + text + '"'));
  EXPECT_FALSE(repeated.contains('"' + text + "ab\""));
}

// Where an automaton cannot count, one of the parts that repeat has all the room that the others leave.
TEST(JsonSchemaStrings, LengthsThatNoAutomatonCountsAreKept) {
  const std::string pattern = "^x[a-c-]*-y:[f-h]+(:[a-z]+)?$";
  const auto n = [](long count, char c) { return std::string(static_cast<std::size_t>(count), c); };
  for (const long most : {9000L, 30000L}) {
    const Language language = strings_of(pattern, 0, most);
    const auto contains = [&](const std::string& text) { return language.contains('"' + text + '"'); };
    EXPECT_TRUE(contains("xa-b-y:f:z"));
    EXPECT_TRUE(contains('x' + n(15, 'a') + "-y:" + n(15, 'f') + ':' + n(15, 'z')));
    EXPECT_TRUE(contains("x-y:" + n(most - 200, 'f') + ":z"));
    EXPECT_TRUE(contains("x-y:f:" + n(most - 200, 'z')));
    EXPECT_FALSE(contains("x-y:" + n(most - 3, 'f')));
    EXPECT_FALSE(contains("x-y:f:" + n(most - 5, 'z')));
    EXPECT_FALSE(contains('x' + n(most, 'a') + "-y:f"));
    for (const long first : {10L, 63L, 64L, 65L, 500L, most / 2, most - 100}) {
      const std::string text = "x-y:" + n(first, 'f') + ':' + n(most - first - 4, 'z');
      EXPECT_EQ(std::ssize(text), most + 1);
      EXPECT_FALSE(contains(text)) << first;
    }
    for (const long more : {1L, 2L, 50L}) {  // the longest of all ways
      const std::string begin = 'x' + n(60, 'a') + "-y:", end = ':' + n(64, 'z');
      EXPECT_FALSE(contains(begin + n(most + more - std::ssize(begin + end), 'f') + end)) << more;
    }
    EXPECT_FALSE(contains("x-y:")) << "the pattern holds all the same";
  }
}

// All automata of one schema together, and what each of them is made of: what is too much is named, in little time.
TEST(JsonSchemaStrings, HostilePatternsAreRefusedByTheirBound) {
  EXPECT_EQ(refusal("^((((a{0,10}){0,10}){0,10}){0,10})$"),
            "takes, with all before, more than 6000000 steps of automata");
  EXPECT_EQ(refusal("^(ab){1000000000}$"), "needs an automaton of more than 100000 states");
  EXPECT_EQ(refusal(std::string(60, '(') + 'a' + std::string(60, ')')), "has more than 50 groups inside each other");
  EXPECT_EQ(refusal(std::string(100001, 'a')), "is longer than 100000 characters");
  EXPECT_TRUE(strings_of("^x*$", 0, 2147483647).contains("\"xx\"")) << "made of halves, each once";
}

TEST(JsonSchemaStrings, WhatJsonEscapes) {
  for (const char* pattern : {"\\S", "^[\\s\\S]*$", "x", "^.*x[^]*$"}) {
    const Language language = strings_of(pattern);
    for (const char* text : {R"("x\n\"\\")", R"("\u0000x")", R"("x\u001Fy")", "\"x\\t\x7f\""}) {
      EXPECT_TRUE(language.contains(text)) << pattern << ' ' << text;
    }
    EXPECT_FALSE(language.contains("\"x\n\"")) << pattern;
    EXPECT_FALSE(language.contains("\"x\"\"")) << pattern;
    EXPECT_FALSE(language.contains("\"x\\\"")) << pattern;
  }
  EXPECT_FALSE(strings_of("^.$").contains("\"\\n\""));
  EXPECT_FALSE(strings_of("^\\S$").contains("\"\\t\""));
  EXPECT_TRUE(strings_of("^.$").contains("\"\\u00e9\"")) << "beyond ASCII \\u is read as well";
  EXPECT_TRUE(strings_of("^.$").contains("\"\\ud83d\\ude00\""));
  EXPECT_FALSE(strings_of("^.$").contains("\"\\ud83d\""));
}

struct Found {
  const char* pattern;
  std::vector<std::string> in, not_in;
};

const Found kFound[] = {
    {"\\bword\\b", {"word", "a word!", "word-word"}, {"words", "sword", ""}},
    {"a\\B", {"ab"}, {"a", "a-"}},
    {"^(a$|b)", {"a", "b", "bc"}, {"ab", "ca"}},
    {"(^a|b$)", {"ab", "a", "xb"}, {"xa", "bx"}},
    {"^^a$$", {"a"}, {"aa"}},
    {"(?i)^\\u{e9}cole$", {"école", "École", "ÉCOLE"}, {"ecole"}},
    {"^(?i:k)x$", {"kx", "Kx", "\u212Ax"}, {"KX"}},
    {"(?s)^a.b$", {"a\nb"}, {"ab"}},
    {"(?m)^b$", {"a\nb\nc", "b"}, {"ab"}},
    {"^\\p{Lu}\\p{Ll}+$", {"Ab", "Éa", "Дом"}, {"ab", "A1", "AB"}},
    {"^\\p{Script=Greek}+$", {"αβγ"}, {"abc", "αb"}},
    {"^\\P{L}$", {"1", "-"}, {"a", "é"}},
    {"^[\\p{L}\\p{Nd}_-]+$", {"naïve_1", "日本-語"}, {"a b", ""}},
    {"^(?!aws:)[a-z:]+$", {"aw:", "xaws:"}, {"aws:", "aws:x"}},
    {"^(?=.*[0-9])(?=.*[a-z])[a-z0-9]{2,4}$", {"a1", "12b"}, {"ab", "12", "abcd1"}},
    {"^[a-z]+(?<!-x)$", {"ax"}, {"A"}},
    {"^[a-z-]+(?<!no)$", {"on", "non-"}, {"no", "nono"}},
    {"^((?!-)[a-z-]{1,3}(?<!-)\\.)+$", {"a.b.", "a-b."}, {"-a.", "a-."}},
    {"a(?=b)", {"ab", "xab"}, {"a", "ac"}},
    {"^\\cJ\\x41\\u0042\\u{43}\\0$", {std::string("\nABC\0", 5)}, {"jABC"}},
    {"^\\uD83D\\uDE00$", {"😀"}, {"x"}},
    {"^[ -\\uD7FF\\uE000-\\uFFFD\\uD800\\uDBFF-\\uDC00\\uDFFF]$", {"a", "\uFFFD"}, {"\n", "ab"}},
    {"^a(?i)b(?-i)c(?:(?i)d)e$", {"abcde", "aBcDe"}, {"ABcde", "abCde", "abcdE"}},
    {"^(a*)*$", {"", "aaa"}, {"b"}},
    {"^(a?|b)+?c{0}$", {"", "ab"}, {"c"}},
    {"^[\\w-.]+$", {"a-b."}, {"a b"}},
};

TEST(JsonSchemaStrings, PatternsAreFoundAsEcmaScriptFindsThem) {
  for (const Found& each : kFound) {
    SCOPED_TRACE(each.pattern);
    const Language language = strings_of(each.pattern);
    for (const std::string& text : each.in) EXPECT_TRUE(language.contains(nlohmann::json(text).dump())) << text;
    for (const std::string& text : each.not_in) EXPECT_FALSE(language.contains(nlohmann::json(text).dump())) << text;
  }
}

TEST(JsonSchemaStrings, WhatCannotBeExpressedIsSaid) {
  EXPECT_EQ(refusal("^(a)\\1$"), "has the escape \\1");
  EXPECT_EQ(refusal("^\\Aa$"), "has the escape \\A");
  EXPECT_EQ(refusal("^(?P<a>b)$"), "has the group (?P, which ECMA-262 does not know");
  EXPECT_EQ(refusal("^(x(?=ab))+$"), "looks around by more than a character inside a group");
  EXPECT_EQ(refusal("^\\p{Alphabetic}$"),
            "asks for the Unicode property Alphabetic: general categories and scripts are known");
  EXPECT_EQ(refusal("a.{16}$"), "needs an automaton of more than 20000 states");
  for (const char* pattern : {"(", ")", "[", "[z-a]", "a{", "a{2,1}", "*", "a**", "\\", "\\u12", "(?", "(?<x", "[]",
                              "\\u{110000}", "\\uD83D"}) {
    EXPECT_NE(refusal(pattern), "") << pattern;
  }
}

}  // namespace
}  // namespace decant
