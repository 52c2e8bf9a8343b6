#include "base/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace decant {
namespace {

using namespace std::string_literals;

const std::string kBad = "\xef\xbf\xbd";

std::string bad(int n) { return n == 0 ? "" : kBad + bad(n - 1); }

std::string encode(char32_t point) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6), byte(0x80 | (point & 63))};
  if (point < 0x10000) return {byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
  return {byte(0xf0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
          byte(0x80 | (point & 63))};
}

// Knows UTF-8 only as "the encodings of all code points": their set, and the set of their prefixes.
class Oracle {
 public:
  Oracle() {
    for (std::size_t n = 0; n < 4; ++n) prefixes_[n].resize(std::size_t{1} << 8 * n);
    for (char32_t point = 0; point <= 0x10ffff; ++point) {
      if (point == 0xd800) point = 0xe000;
      const std::string text = encode(point);
      for (std::size_t n = 0; n < text.size(); ++n) prefixes_[n][key(text.substr(0, n))] = true;
    }
  }

  bool is_prefix(const std::string& s) const { return s.size() < 4 && prefixes_[s.size()][key(s)]; }

  bool is_character(const std::string& s) const {
    if (s.empty() || s.size() > 4) return false;
    if (s.size() == 1) return static_cast<unsigned char>(s[0]) < 0x80;
    const bool continues = (static_cast<unsigned char>(s.back()) & 0xc0) == 0x80;
    const std::size_t length_of_lead = s[0] & 0x20 ? (s[0] & 0x10 ? 4 : 3) : 2;
    return continues && s.size() == length_of_lead && is_prefix(s.substr(0, s.size() - 1));
  }

  // Replaces each maximal subpart: the longest prefix of a character, or one byte.
  std::string decode(const std::string& text) const {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t longest = 1;
      bool whole = false;
      for (std::size_t n = 1; n <= 4 && at + n <= text.size(); ++n) {
        const std::string s = text.substr(at, n);
        if (is_character(s)) whole = true;
        if (is_character(s) || is_prefix(s)) longest = n;
      }
      out += whole ? text.substr(at, longest) : kBad;
      at += longest;
    }
    return out;
  }

 private:
  static std::size_t key(const std::string& s) {
    std::size_t packed = 0;
    for (const char c : s) packed = packed << 8 | static_cast<unsigned char>(c);
    return packed;
  }

  std::array<std::vector<bool>, 4> prefixes_;
};

const Oracle& oracle() {
  static const Oracle instance;
  return instance;
}

std::string decode(const std::string& text) { return as_utf8(text); }

std::string decode_bytewise(const std::string& text) {
  Utf8Buffer buffer;
  std::string out;
  for (const char c : text) {
    const std::string whole = buffer.push({&c, 1});
    EXPECT_TRUE(is_valid_utf8(whole));
    out += whole;
  }
  return out + buffer.flush();
}

TEST(Utf8, HoldsBackAnIncompleteCharacterUntilItsLastByte) {
  Utf8Buffer buffer;
  EXPECT_EQ(buffer.push("a\xf0\x9f"), "a");
  EXPECT_EQ(buffer.push("\x8c"), "");
  EXPECT_EQ(buffer.push("\x8a!"), "\xf0\x9f\x8c\x8a!");
  EXPECT_EQ(buffer.flush(), "");
}

TEST(Utf8, FlushReplacesTheTailOnceAndStartsAfresh) {
  Utf8Buffer buffer;
  EXPECT_EQ(buffer.push("\xe2\x82"), "");
  EXPECT_EQ(buffer.flush(), kBad);
  EXPECT_EQ(buffer.flush(), "");
  EXPECT_EQ(buffer.push("\xac"), kBad);  // no longer the euro sign's last byte
}

// The examples of the Unicode standard, tables 3-8 to 3-11.
TEST(Utf8, ReplacesEachMaximalSubpart) {
  EXPECT_EQ(decode("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"), bad(8) + "A");
  EXPECT_EQ(decode("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"), bad(8) + "A");
  EXPECT_EQ(decode("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"), bad(5) + "A" + bad(2) + "B");
  EXPECT_EQ(decode("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), bad(4) + "A");
}

TEST(Utf8, KeepsNulAndNoncharacters) {
  EXPECT_EQ(decode("a\0b"s), "a\0b"s);
  EXPECT_EQ(decode("\xef\xbf\xbf"), "\xef\xbf\xbf");
}

TEST(Utf8, EveryCodePointPassesWhole) {
  std::string text;
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (point == 0xd800) point = 0xe000;
    text += encode(point);
  }
  EXPECT_EQ(decode(text), text);
  EXPECT_EQ(find_invalid_utf8(text), std::nullopt);
}

TEST(Utf8, EverySurrogateAndOverlongIsThreeOrTwoErrors) {
  for (char32_t point = 0xd800; point < 0xe000; ++point) ASSERT_EQ(decode(encode(point)), bad(3));
  for (int lead = 0xc0; lead <= 0xc1; ++lead) {
    for (int next = 0x80; next <= 0xbf; ++next) {
      const std::string overlong = {static_cast<char>(lead), static_cast<char>(next)};
      ASSERT_EQ(decode(overlong), bad(2));
    }
  }
}

// All texts of up to four bytes drawn from the borders of every range of the encoding.
TEST(Utf8, AgreesWithTheOracleOnAllBorderSequences) {
  const std::string borders =
      "\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff"s;
  std::vector<std::string> texts = {""};
  for (std::size_t begin = 0, length = 1; length <= 4; ++length) {
    const std::size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const char c : borders) texts.push_back(texts[begin] + c);
    }
  }
  ASSERT_EQ(texts.size(), 1 + 24 + 24 * 24 + 24 * 24 * 24 + 24 * 24 * 24 * 24);
  for (const std::string& text : texts) {
    const std::string expected = oracle().decode(text);
    ASSERT_EQ(decode(text), expected) << testing::PrintToString(text);
    ASSERT_EQ(decode_bytewise(text), expected) << testing::PrintToString(text);
    ASSERT_EQ(is_valid_utf8(text), expected == text) << testing::PrintToString(text);
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("caf\xc3\xa9"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("caf\xe9 noir"), 3);
  EXPECT_EQ(find_invalid_utf8("\xe2\x82\xac\x80"), 3);
  EXPECT_EQ(find_invalid_utf8("ab\xf0\x9f\x8c"), 2);  // cut short
}

RC_GTEST_PROP(Utf8, ChunkingNeverChangesTheResult, ()) {
  const std::string alphabet = "aZ\x80\x90\xa0\xbf\xc3\xe0\xe2\xed\xf0\xf4\xff";
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
  Utf8Buffer buffer;
  std::string joined;
  for (std::size_t at = 0; at < text.size();) {
    const auto n = *rc::gen::inRange<std::size_t>(1, text.size() - at + 1);
    const std::string whole = buffer.push(text.substr(at, n)) + buffer.push("");
    RC_ASSERT(is_valid_utf8(whole));
    joined += whole;
    at += n;
  }
  joined += buffer.flush();
  RC_ASSERT(joined == oracle().decode(text));
}

}  // namespace
}  // namespace decant
