#include <gtest/gtest.h>

#include <cmath>

#include "schema/language.h"
#include "schema/number_gbnf.h"

namespace decant {
namespace {

using test::Language;

struct Bounds {
  const char* low;  // "" for none
  const char* high;
  bool low_exclusive = false, high_exclusive = false;
};

std::optional<Bound> bound(const char* number, bool exclusive) {
  return *number ? std::optional(Bound{number, exclusive}) : std::nullopt;
}

bool inside(double x, const Bounds& bounds) {
  const double low = *bounds.low ? std::stod(bounds.low) : -INFINITY,
               high = *bounds.high ? std::stod(bounds.high) : INFINITY;
  return (bounds.low_exclusive ? x > low : x >= low) && (bounds.high_exclusive ? x < high : x <= high);
}

const Bounds kBounds[] = {{"0", ""},
                          {"", "0"},
                          {"0", "", true},
                          {"", "0", false, true},
                          {"-7", "123"},
                          {"5", "5"},
                          {"-45", "-12"},
                          {"99", "101"},
                          {"1", "119"},
                          {"-100", "-1"},
                          {"10", "", true},
                          {"", "-99", false, true},
                          {"0.5", "2.25"},
                          {"-0.05", "0.05"},
                          {"-1.5", "1", true, true},
                          {"0", "1", true, true},
                          {"12", ""},
                          {"-3.5e1", "1.2E2"},
                          {"-273.15", "-270"},
                          {"0.9", "0.95", true}};

Dfa automaton(const Bounds& b, bool integer) {
  return number_automaton(bound(b.low, b.low_exclusive), bound(b.high, b.high_exclusive), integer);
}

Language numbers(const Dfa& dfa) {
  GbnfRules rules;
  const std::string root = rules.add(numbers_gbnf(dfa, rules));
  return Language(rules.text(root));
}

std::string name(const Bounds& b) {
  return fmt::format("{}{}, {}{}", b.low_exclusive ? "(" : "[", b.low, b.high, b.high_exclusive ? ")" : "]");
}

TEST(NumberGbnf, IntegersAreExactlyThoseBetweenTheBounds) {
  for (const Bounds& b : kBounds) {
    SCOPED_TRACE(name(b));
    const Dfa dfa = automaton(b, true);
    bool any = false;
    for (int x = -300; x <= 300; ++x) any |= inside(x, b);
    ASSERT_EQ(!dfa.is_empty(), any);
    if (!any) continue;
    const Language language = numbers(dfa);
    for (int x = -300; x <= 300; ++x) EXPECT_EQ(language.contains(std::to_string(x)), inside(x, b)) << x;
    for (const char* text : {"", "-", "00", "01", "-01", "1.0", "1e1", "+1", " 1"})
      EXPECT_FALSE(language.contains(text)) << text;
  }
}

TEST(NumberGbnf, DecimalsLieBetweenTheBounds) {
  for (const Bounds& b : kBounds) {
    SCOPED_TRACE(name(b));
    const Language language = numbers(automaton(b, false));
    for (int i = -3000; i <= 3000; ++i) {
      const std::string text = fmt::format("{}{}.{}", i < 0 ? "-" : "", std::abs(i) / 10, std::abs(i) % 10);
      EXPECT_EQ(language.contains(text), inside(std::stod(text), b)) << text;
    }
    for (int i = -13000; i <= 13000; i += 7) {
      const std::string text = fmt::format("{}{}.{:03}", i < 0 ? "-" : "", std::abs(i) / 1000, std::abs(i) % 1000);
      EXPECT_EQ(language.contains(text), inside(std::stod(text), b)) << text;
    }
    for (const char* text : {"1.", ".5", "01.5", "-.5", "1.5.5"}) EXPECT_FALSE(language.contains(text)) << text;
  }
}

// Mantissas with up to three digits before the point, and every exponent of up to three digits.
TEST(NumberGbnf, ExponentsLieBetweenTheBounds) {
  for (const Bounds& b : kBounds) {
    SCOPED_TRACE(name(b));
    const Language language = numbers(automaton(b, false));
    for (const char* mantissa : {"1", "9", "5.0", "2.25", "12.3", "119", "0.5", "0.95", "0", "0.00", "273.15"}) {
      for (int e = -12; e <= 12; ++e) {
        for (const char* sign : {"", "-"}) {
          const std::string text = fmt::format("{}{}{}{}{}", sign, mantissa, e % 2 ? "e" : "E", e == 7 ? "+0" : "", e);
          EXPECT_EQ(language.contains(text), inside(std::stod(text), b)) << text;
        }
      }
    }
    for (const char* text : {"1e", "1e+", "e1", "1.e1", "01e1", "1e1.5"}) EXPECT_FALSE(language.contains(text)) << text;
  }
}

TEST(NumberGbnf, SeventeenDigits) {
  const Language degrees = numbers(automaton({"-90", "90"}, false)), share = numbers(automaton({"0", "1"}, false));
  for (const char* text : {"48.8588443", "-89.999999999999999", "90.000000000000000", "1.7976931348623157e-300"})
    EXPECT_TRUE(degrees.contains(text)) << text;
  for (const char* text : {"90.000000000000001", "9.1e1", "1e2", "-90.1"}) EXPECT_FALSE(degrees.contains(text)) << text;
  for (const char* text : {"0.0000123", "1.23e-5", "0.30000000000000004", "1e0", "100e-2", "0.1E+01"})
    EXPECT_TRUE(share.contains(text)) << text;
  for (const char* text : {"1.0000000001", "1e1", "101e-2", "-1e-9"}) EXPECT_FALSE(share.contains(text)) << text;
}

TEST(NumberGbnf, NothingBetweenTheBounds) {
  EXPECT_TRUE(automaton({"3", "2"}, true).is_empty());
  EXPECT_TRUE(automaton({"2", "3", true, true}, true).is_empty());
  EXPECT_TRUE(automaton({"0.2", "0.8"}, true).is_empty());
  EXPECT_TRUE(automaton({"1e300", ""}, true).is_empty());
  EXPECT_TRUE(automaton({"1", "0.5"}, false).is_empty());
  EXPECT_TRUE(automaton({"1", "1", true}, false).is_empty());
}

TEST(NumberGbnf, ExtremeBounds) {
  const Language all = numbers(automaton({"-9223372036854775808", "18446744073709551615"}, true));
  for (const char* text : {"-9223372036854775808", "18446744073709551615", "9999999999999999999"})
    EXPECT_TRUE(all.contains(text)) << text;
  for (const char* text : {"-9223372036854775809", "18446744073709551616"}) EXPECT_FALSE(all.contains(text)) << text;
  const Language small = numbers(automaton({"1e-7", "1e-5"}, false));
  for (const char* text : {"0.000005", "1e-7", "0.0000001", "9.9e-6"}) EXPECT_TRUE(small.contains(text)) << text;
  for (const char* text : {"0.00002", "0", "9.9e-8", "0.00000009"}) EXPECT_FALSE(small.contains(text)) << text;
  EXPECT_TRUE(numbers(automaton({"-1e300", "1e300"}, false)).contains("-123456789012345"));
}

}  // namespace
}  // namespace decant
