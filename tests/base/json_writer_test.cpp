#include "base/json_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace decant {
namespace {

template <class Value>
std::string json(const Value& value) {
  JsonWriter writer;
  writer.value(value);
  return writer.text();
}

TEST(JsonWriter, CommasPlaceThemselves) {
  JsonWriter writer;
  writer.begin_object().field("a", 1).key("b").begin_array();
  writer.value("x").value(true).value(nullptr).begin_object().end_object().begin_array().end_array().value(2);
  writer.end_array().field("c", "{").field("d", "[:").end_object();
  EXPECT_EQ(writer.text(), R"({"a":1,"b":["x",true,null,{},[],2],"c":"{","d":"[:"})");
}

TEST(JsonWriter, LinesStandAlone) {
  JsonWriter writer;
  for (int i = 0; i < 2; ++i) {
    writer.begin_object().field("i", i).end_object();
    writer.end_line();
  }
  EXPECT_EQ(writer.text(), "{\"i\":0}\n{\"i\":1}\n");
}

TEST(JsonWriter, Numbers) {
  EXPECT_EQ(json(0.1), "0.1");
  EXPECT_EQ(json(0.1f), "0.1");
  EXPECT_EQ(json(1.0), "1");
  EXPECT_EQ(json(-0.0), "-0");
  EXPECT_EQ(json(1e300), "1e+300");
  EXPECT_EQ(json(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(json(-3), "-3");
  EXPECT_EQ(json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(JsonWriter, WhatIsNoNumberIsNull) {
  EXPECT_EQ(json(std::nan("")), "null");
  EXPECT_EQ(json(-std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json(std::numeric_limits<float>::infinity()), "null");
}

RC_GTEST_PROP(JsonWriter, NumbersReadBackExactly, (std::uint64_t bits)) {
  double number;
  static_assert(sizeof number == sizeof bits);
  std::memcpy(&number, &bits, sizeof bits);
  RC_PRE(std::isfinite(number));
  RC_ASSERT(std::strtod(json(number).c_str(), nullptr) == number);
  const auto single = static_cast<float>(number);
  RC_ASSERT(!std::isfinite(single) || std::strtof(json(single).c_str(), nullptr) == single);
}

TEST(JsonWriter, Strings) {
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("say \"a\\b\""), R"("say \"a\\b\"")");
  EXPECT_EQ(json("\n\t\x01\x1f\x7f"), "\"\\u000a\\u0009\\u0001\\u001f\x7f\"");
  EXPECT_EQ(json(std::string_view("a\0b", 3)), R"("a\u0000b")");
  EXPECT_EQ(json("é 漢 🦉"), "\"é 漢 🦉\"");
}

constexpr const char* fffd = "\xEF\xBF\xBD";

TEST(JsonWriter, OneReplacementForEachIllFormedPiece) {
  const std::string r = fffd;
  EXPECT_EQ(json("\xC0\xAF"), "\"" + r + r + "\"");                  // overlong
  EXPECT_EQ(json("\xED\xA0\x80"), "\"" + r + r + r + "\"");          // surrogate
  EXPECT_EQ(json("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");  // above U+10FFFF
  EXPECT_EQ(json("a\xF0\x9F\xA6"), "\"a" + r + "\"");                // an owl cut short
  EXPECT_EQ(json("\xE2\x82\x41"), "\"" + r + "A\"");                 // the next character survives
  // The example of the Unicode standard, table 3-11.
  EXPECT_EQ(json("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "\"a" + r + r + r + "b" + r + "c" + r + r + "d\"");
}

// ---- arbitrary bytes: what a reader gets back is the input with its ill-formed pieces replaced

// Table 3-7 of Unicode 15 row by row: [low, high] of each byte of the well-formed sequences.
using Bounds = std::pair<int, int>;
const std::vector<std::vector<Bounds>> well_formed = {
    {{0x00, 0x7F}},
    {{0xC2, 0xDF}, {0x80, 0xBF}},
    {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}},
    {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}},
    {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}},
};

std::string repaired(const std::string& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t longest = 0;
    bool whole = false;
    for (const auto& row : well_formed) {
      std::size_t n = 0;
      while (n < row.size() && at + n < bytes.size()) {
        const int byte = static_cast<unsigned char>(bytes[at + n]);
        if (byte < row[n].first || byte > row[n].second) break;
        ++n;
      }
      if (n > longest) longest = n, whole = n == row.size();
    }
    text += whole ? bytes.substr(at, longest) : fffd;
    at += std::max<std::size_t>(longest, 1);
  }
  return text;
}

std::string read_back(const std::string& quoted) {
  RC_ASSERT(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"');
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    RC_ASSERT(quoted[i] != '"' && static_cast<unsigned char>(quoted[i]) >= 0x20);
    if (quoted[i] != '\\') {
      text += quoted[i];
    } else if (quoted[++i] == 'u') {
      text += static_cast<char>(std::stoi(quoted.substr(i + 1, 4), nullptr, 16));
      i += 4;
    } else {
      RC_ASSERT(quoted[i] == '"' || quoted[i] == '\\');
      text += quoted[i];
    }
  }
  return text;
}

RC_GTEST_PROP(JsonWriter, AnyBytesBecomeAValidString, ()) {
  // Bytes that start, continue and break UTF-8 sequences, often enough to meet each other.
  const auto byte = rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::cast<char>(rc::gen::inRange(0x80, 0xC0)),
                                   rc::gen::cast<char>(rc::gen::inRange(0xC0, 0x100)),
                                   rc::gen::cast<char>(rc::gen::element(0xE0, 0xED, 0xF0, 0xF4, '"', '\\')));
  const std::string bytes = *rc::gen::container<std::string>(byte);
  RC_ASSERT(read_back(json(bytes)) == repaired(bytes));
}

TEST(JsonWriter, KeepsItsMemory) {
  JsonWriter writer;
  const auto record = [&] {
    writer.clear();
    writer.begin_array();
    for (float x = 0; x < 100; ++x) writer.value(x * 0.37f).value("\xFFtoken");
    writer.end_array();
  };
  record();
  const char* memory = writer.text().data();
  record();
  EXPECT_EQ(writer.text().data(), memory);
}

}  // namespace
}  // namespace decant
