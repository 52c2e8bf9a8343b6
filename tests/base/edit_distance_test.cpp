#include "base/edit_distance.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace decant {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("temprature", "temperature"), 1u);
}

TEST(EditDistance, ASwapOfNeighboursIsOneEdit) {
  EXPECT_EQ(edit_distance("sampel", "sample"), 1u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // 2 if a part could be edited twice
}

// The recursive definition, for short words.
std::size_t oracle(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return std::max(a.size(), b.size());
  const std::string_view a1 = a.substr(1), b1 = b.substr(1);
  std::size_t best = std::min({oracle(a1, b) + 1, oracle(a, b1) + 1, oracle(a1, b1) + (a[0] == b[0] ? 0 : 1)});
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, oracle(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

RC_GTEST_PROP(EditDistance, EqualsTheDefinition, ()) {
  const auto word = rc::gen::resize(5, rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c')));
  const std::string a = *word, b = *word;
  RC_ASSERT(edit_distance(a, b) == oracle(a, b));
}

constexpr std::string_view names[] = {"temperature", "top-k", "top-p", "max-new-tokens", "max-length", "seed"};

TEST(Closest, FindsWhatWasMeant) {
  EXPECT_EQ(closest("temprature", names), "temperature");
  EXPECT_EQ(closest("temperatuer", names), "temperature");
  EXPECT_EQ(closest("topk", names), "top-k");
  EXPECT_EQ(closest("maxlength", names), "max-length");
  EXPECT_EQ(closest("sed", names), "seed");
}

TEST(Closest, TheBeginningOfJustOneNameIsEnough) {
  EXPECT_EQ(closest("max-n", names), "max-new-tokens");
  EXPECT_EQ(closest("max-", names), "");  // of two
}

TEST(Closest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(closest("beams", names), "");
  EXPECT_EQ(closest("", names), "");
  EXPECT_EQ(closest("x", names), "");
  EXPECT_EQ(closest("seed", {}), "");
}

}  // namespace
}  // namespace decant
