#include "options/value.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json_writer.h"
#include "options/usage_error.h"

namespace decant {
namespace {

FieldInfo field(Range range = {}) { return {.name = "x", .group = "", .range = range, .doc = "", .when = ""}; }

template <class T>
T read(std::string_view text, Range range = {}) {
  T value{};
  set_from_text(&value, field(range), text);
  return value;
}

template <class T>
std::string rejected(std::string_view text, Range range = {}) {
  return usage_error([&] { read<T>(text, range); });
}

TEST(Value, ReadsNumbersStrictly) {
  EXPECT_EQ(read<int>("42"), 42);
  EXPECT_EQ(read<int>("-7"), -7);
  EXPECT_EQ(read<int>("2147483647"), 2147483647);
  EXPECT_EQ(read<double>("1e-3"), 0.001);
  EXPECT_EQ(read<double>(".5"), 0.5);
  EXPECT_EQ(read<double>("-0"), 0.0);
  EXPECT_EQ(read<std::optional<std::uint64_t>>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read<std::optional<double>>("2"), 2.0);
}

TEST(Value, RejectsWhatIsNoNumber) {
  for (const char* text : {"abc", "", "5x", "x5", " 5", "5 ", "+5", "0x10", "1e3", "5.0", "--5", "5,6"}) {
    EXPECT_NE(rejected<int>(text), "(no error)") << text;
  }
  for (const char* text :
       {"abc", "", "5x", "nan", "NaN", "inf", "-inf", "infinity", " 1", "1,5", "1e", "0x1p3", "1e400"}) {
    EXPECT_NE(rejected<double>(text), "(no error)") << text;
  }
  EXPECT_NE(rejected<std::optional<std::uint64_t>>("-1"), "(no error)");
  EXPECT_NE(rejected<std::vector<int>>("1,,2"), "(no error)");
  EXPECT_NE(rejected<std::vector<int>>("1,"), "(no error)");
  EXPECT_NE(rejected<bool>("1"), "(no error)");
}

TEST(Value, MessagesNameTheOptionTheTextAndWhatIsAllowed) {
  constexpr std::string_view words[] = {"auto", "f16", "q8_0"};
  using Id = std::optional<std::uint64_t>;
  EXPECT_EQ(rejected<int>("abc"), "x is 'abc': it must be a whole number");
  EXPECT_EQ(rejected<int>(""), "x is '': it must be a whole number");
  EXPECT_EQ(rejected<int>("0", at_least(1)), "x is 0: it must be a whole number of at least 1");
  EXPECT_EQ(rejected<int>("257", between(1, 256)), "x is 257: it must be a whole number from 1 to 256");
  EXPECT_EQ(rejected<int>("2147483648", at_least(0)),
            "x is 2147483648: it must be a whole number of at least 0 and at most 2147483647");
  EXPECT_EQ(rejected<Id>("18446744073709551616", at_least(0)),
            "x is 18446744073709551616: it must be a whole number of at least 0 and at most 18446744073709551615");
  EXPECT_EQ(rejected<double>("-1", at_least(0)), "x is -1: it must be a number of at least 0");
  EXPECT_EQ(rejected<double>("nan", at_least(0)), "x is 'nan': it must be a number of at least 0");
  EXPECT_EQ(rejected<double>("0", more_than(0)), "x is 0: it must be a number greater than 0");
  EXPECT_EQ(rejected<double>("1.5", more_than_up_to(0, 1)),
            "x is 1.5: it must be a number greater than 0 and at most 1");
  EXPECT_EQ(rejected<std::vector<int>>("1,a", at_least(0)),
            "x is '1,a': it must be whole numbers of at least 0, separated by commas");
  EXPECT_EQ(rejected<bool>("maybe"), "x is 'maybe': it must be true or false");
  EXPECT_EQ(rejected<std::string>(""), "x is '': it must be a text that is not empty");
  EXPECT_EQ(rejected<std::string>("fp16", one_of(words)),
            "x is 'fp16': it must be one of auto, f16, q8_0 (did you mean f16?)");
  EXPECT_EQ(rejected<std::string>("bfloat", one_of(words)), "x is 'bfloat': it must be one of auto, f16, q8_0");
}

TEST(Value, BoundsAreOpenOrClosed) {
  EXPECT_EQ(read<double>("1", more_than_up_to(0, 1)), 1.0);
  EXPECT_NE(rejected<double>("0", more_than_up_to(0, 1)), "(no error)");
  EXPECT_EQ(read<double>("0", between(0, 1)), 0.0);
  EXPECT_EQ(read<int>("256", between(1, 256)), 256);
}

TEST(Value, ARejectedTextLeavesTheValueAlone) {
  std::vector<int> ids = {1, 2};
  EXPECT_NE(usage_error([&] { set_from_text(&ids, field(), "3,x", true); }), "(no error)");
  EXPECT_EQ(ids, (std::vector<int>{1, 2}));
}

TEST(Value, ListsGrowOrStartAnew) {
  std::vector<std::string> texts = {"old"};
  set_from_text(&texts, field(), "a,b");  // a comma is part of the text
  set_from_text(&texts, field(), "c", true);
  EXPECT_EQ(texts, (std::vector<std::string>{"a,b", "c"}));
  std::optional<std::vector<int>> ids;
  set_from_text(&ids, field(), "1,2", true);
  set_from_text(&ids, field(), "3", true);
  EXPECT_EQ(ids, (std::vector<int>{1, 2, 3}));
}

TEST(Value, ChecksRangesOfValuesSetInCode) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(usage_error([&] { check_range(&nan, field(at_least(0))); }),
            "x is 'nan': it must be a number of at least 0");
  const std::vector<int> ids = {3, -1};
  EXPECT_EQ(usage_error([&] { check_range(&ids, field(at_least(0))); }),
            "x is '3,-1': it must be whole numbers of at least 0, separated by commas");
  const std::vector<std::string> texts = {"a", ""};
  EXPECT_NE(usage_error([&] { check_range(&texts, field()); }), "(no error)");
  const std::optional<int> unset;
  EXPECT_NO_THROW(check_range(&unset, field(at_least(1))));
}

TEST(Value, WritesTextAndJson) {
  const auto both = [](Value value) {
    JsonWriter json;
    write_json(json, value);
    return to_text(value) + " " + json.text();
  };
  const bool yes = true;
  const int number = -3;
  const double real = 0.8;
  const std::string text = "a\"b";
  const std::vector<int> ids = {1, 2};
  const std::vector<std::string> texts = {"x", "y"};
  const std::optional<std::uint64_t> unset, seed = 7;
  EXPECT_EQ(both(&yes), "true true");
  EXPECT_EQ(both(&number), "-3 -3");
  EXPECT_EQ(both(&real), "0.8 0.8");
  EXPECT_EQ(both(&text), R"(a"b "a\"b")");
  EXPECT_EQ(both(&ids), "1,2 [1,2]");
  EXPECT_EQ(both(&texts), R"(x,y ["x","y"])");
  EXPECT_EQ(both(&unset), " null");
  EXPECT_EQ(both(&seed), "7 7");
}

TEST(Value, EqualMeansSameTypeAndValue) {
  const int one = 1, uno = 1, two = 2;
  const double real = 1;
  EXPECT_TRUE(is_equal(&one, &uno));
  EXPECT_FALSE(is_equal(&one, &two));
  EXPECT_FALSE(is_equal(&one, &real));
}

}  // namespace
}  // namespace decant
