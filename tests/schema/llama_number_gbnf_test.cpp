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

std::string name(const Bounds& b) {
  return fmt::format("{}{}, {}{}", b.low_exclusive ? "(" : "[", b.low, b.high, b.high_exclusive ? ")" : "]");
}

TEST(NumberGbnf, IntegersAreExactlyThoseBetweenTheBounds) {
  for (const Bounds& b : kBounds) {
    SCOPED_TRACE(name(b));
    const auto gbnf = integer_gbnf(bound(b.low, b.low_exclusive), bound(b.high, b.high_exclusive));
    bool any = false;
    for (int x = -300; x <= 300; ++x) any |= inside(x, b);
    ASSERT_EQ(gbnf.has_value(), any);
    if (!gbnf) continue;
    const Language language("root ::= " + *gbnf);
    for (int x = -300; x <= 300; ++x) EXPECT_EQ(language.contains(std::to_string(x)), inside(x, b)) << x;
    for (const char* text : {"", "-", "00", "01", "-01", "1.0", "1e1", "+1", " 1"})
      EXPECT_FALSE(language.contains(text)) << text;
  }
}

// Up to two decimals: all numbers between the bounds. More: none outside.
TEST(NumberGbnf, DecimalsLieBetweenTheBounds) {
  for (const Bounds& b : kBounds) {
    SCOPED_TRACE(name(b));
    const auto gbnf = number_gbnf(bound(b.low, b.low_exclusive), bound(b.high, b.high_exclusive));
    ASSERT_TRUE(gbnf);
    const Language language("root ::= " + *gbnf);
    for (int i = -3000; i <= 3000; ++i) {
      const std::string text = fmt::format("{}{}.{}", i < 0 ? "-" : "", std::abs(i) / 10, std::abs(i) % 10);
      EXPECT_EQ(language.contains(text), inside(std::stod(text), b)) << text;
    }
    for (int i = -13000; i <= 13000; i += 7) {
      const std::string text = fmt::format("{}{}.{:03}", i < 0 ? "-" : "", std::abs(i) / 1000, std::abs(i) % 1000);
      EXPECT_TRUE(inside(std::stod(text), b) || !language.contains(text)) << text;
    }
    for (const char* text : {"1.", ".5", "01.5", "-.5", "1.5.5"}) EXPECT_FALSE(language.contains(text)) << text;
  }
}

TEST(NumberGbnf, NothingBetweenTheBounds) {
  const auto exclusive = [](const char* number) { return Bound{number, true}; };
  EXPECT_FALSE(integer_gbnf(Bound{"3"}, Bound{"2"}));
  EXPECT_FALSE(integer_gbnf(exclusive("2"), exclusive("3")));
  EXPECT_FALSE(integer_gbnf(Bound{"0.2"}, Bound{"0.8"}));
  EXPECT_FALSE(integer_gbnf(Bound{"1e300"}, std::nullopt));
  EXPECT_FALSE(number_gbnf(Bound{"1"}, Bound{"0.5"}));
  EXPECT_FALSE(number_gbnf(exclusive("1"), Bound{"1"}));
}

TEST(NumberGbnf, ExtremeBounds) {
  const Language all("root ::= " + *integer_gbnf(Bound{"-9223372036854775808"}, Bound{"18446744073709551615"}));
  EXPECT_TRUE(all.contains("-999999999999999999"));
  EXPECT_FALSE(all.contains("9999999999999999999"));
  const Language small("root ::= " + *number_gbnf(Bound{"1e-7"}, Bound{"1e-5"}));
  EXPECT_TRUE(small.contains("0.000005"));
  EXPECT_FALSE(small.contains("0.00002"));
  EXPECT_FALSE(small.contains("0"));
  EXPECT_TRUE(Language("root ::= " + *number_gbnf(Bound{"-1e300"}, Bound{"1e300"})).contains("-123456789012345"));
}

}  // namespace
}  // namespace decant
