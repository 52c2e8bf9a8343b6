#include "cli/text_metrics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>

namespace decant {
namespace {

using Ids = std::vector<Token>;

TEST(TextMetrics, ByHand) {
  // 1 2 1 2 1 3: pairs 12 21 12 21 13, triples 121 212 121 213, fours 1212 2121 1213.
  const TextMetrics m = measure(Ids{1, 2, 1, 2, 1, 3});
  EXPECT_DOUBLE_EQ(m.tokens, 6);
  EXPECT_DOUBLE_EQ(m.rep_2, 0.4);
  EXPECT_DOUBLE_EQ(m.rep_3, 0.25);
  EXPECT_DOUBLE_EQ(m.rep_4, 0);
  EXPECT_DOUBLE_EQ(m.diversity, 0.6 * 0.75);
  EXPECT_DOUBLE_EQ(m.distinct_1, 0.5);
  EXPECT_DOUBLE_EQ(m.distinct_2, 0.6);
  EXPECT_DOUBLE_EQ(m.distinct_3, 0.75);
  EXPECT_TRUE(std::isnan(m.log_likelihood));
}

TEST(TextMetrics, ShortTextsDoNotRepeat) {
  for (const Ids& ids : {Ids{}, Ids{7}, Ids{7, 7}}) {
    const TextMetrics m = measure(ids);
    EXPECT_DOUBLE_EQ(m.rep_3, 0);
    EXPECT_DOUBLE_EQ(m.rep_4, 0);
    EXPECT_DOUBLE_EQ(m.diversity, 1);
    EXPECT_DOUBLE_EQ(m.distinct_1, ids.size() == 2 ? 0.5 : 1);
  }
}

TEST(TextMetrics, MarksWhatStoodFurtherAhead) {
  EXPECT_EQ(repeated_tokens(Ids{5, 6, 7, 5, 6, 8}, 2), (std::vector<bool>{false, false, false, true, true, false}));
  EXPECT_EQ(repeated_tokens(Ids{1, 1, 1, 1}, 2),
            (std::vector<bool>{false, true, true, true}));  // the second 1 1 overlaps
  EXPECT_EQ(repeated_tokens(Ids{1, 2}, 3), (std::vector<bool>{false, false}));
  EXPECT_EQ(repeated_tokens(Ids{}, 1), std::vector<bool>{});
}

RC_GTEST_PROP(TextMetrics, RepetitionIsThatOfASet, (const std::vector<std::uint8_t>& bytes)) {
  Ids ids;
  for (const auto byte : bytes) ids.push_back(byte % 4);
  for (int n = 1; n <= 4; ++n) {
    std::set<Ids> different;
    int all = 0;
    for (std::size_t i = 0; i + static_cast<std::size_t>(n) <= ids.size(); ++i, ++all) {
      const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(i);
      different.insert(Ids(begin, begin + n));
    }
    const double expected = all == 0 ? 0 : 1 - static_cast<double>(different.size()) / all;
    RC_ASSERT(std::abs(repetition(ids, n) - expected) < 1e-12);
  }
}

TEST(TextMetrics, MeansAreOfThoseThatAreThere) {
  TextMetrics a = measure(Ids{1, 2, 3}), b = measure(Ids{1});
  a.log_likelihood = -2;
  const TextMetrics m = mean(std::vector{a, b});
  EXPECT_DOUBLE_EQ(m.tokens, 2);
  EXPECT_DOUBLE_EQ(m.log_likelihood, -2);
  EXPECT_TRUE(std::isnan(m.entropy));
  EXPECT_TRUE(std::isnan(mean({}).tokens));
  EXPECT_DOUBLE_EQ(mean(std::vector{a, no_metrics()}).tokens, 3);
}

TEST(TextMetrics, TimesStandApart) {
  TextMetrics m = measure(Ids{1, 2});
  m.seconds = 1.5;
  JsonWriter json;
  json.begin_object();
  write_metrics(json, m);
  write_times(json, m);
  json.end_object();
  EXPECT_EQ(
      json.text(),
      R"({"metrics":{"tokens":2,"log_likelihood":null,"entropy":null,"rep_2":0,"rep_3":0,"rep_4":0,"diversity":1,)"
      R"("distinct_1":1,"distinct_2":1,"distinct_3":1},"time":{"seconds":1.5,"tokens_per_second":null}})");
}

TEST(TextMetrics, Shown) {
  TextMetrics m;
  m.log_likelihood = -1.23456;
  EXPECT_EQ(show(m, metrics()[1]), "-1.235");
  EXPECT_EQ(show(m, metrics()[2]), "-");
}

}  // namespace
}  // namespace decant
