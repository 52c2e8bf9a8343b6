#include "processors/watermark_detector.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "numerics/philox.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

// A text in which a token is green if and only if `wanted` says so.
Tokens written(const WatermarkConfig& config, int n_vocab, const std::vector<bool>& wanted) {
  const GreenList green(config, n_vocab);
  Tokens text(static_cast<std::size_t>(config.context_width), 1);
  for (const bool is_green : wanted) {
    Token token = static_cast<Token>(text.size()) % n_vocab;
    while (green.contains(text, token) != is_green) token = (token + 7) % n_vocab;
    text.push_back(token);
  }
  return text;
}

// 12 of 16 where 4 were to be expected: z = 8 / sqrt(16 * 3/16) = 8 / sqrt(3).
TEST(WatermarkDetector, ByHand) {
  std::vector<bool> wanted(16, true);
  for (const int red : {2, 5, 11, 15}) wanted[red] = false;
  const WatermarkFinding found = detect_watermark(written({}, 1000, wanted), {}, 1000);
  EXPECT_EQ(found.n_scored, 16);
  EXPECT_EQ(found.n_green, 12);
  EXPECT_EQ(found.green_fraction, .75);
  EXPECT_NEAR(found.z_score, 8 / std::sqrt(3), 1e-12);
  EXPECT_NEAR(found.p_value, .5 * std::exp(-2 * 64 / 3. / M_PI), 1e-12);
  EXPECT_TRUE(found.is_watermarked);
}

TEST(WatermarkDetector, WithoutAMark) {
  std::vector<bool> wanted(16, false);
  for (const int green : {0, 3, 8, 9}) wanted[green] = true;
  const WatermarkFinding found = detect_watermark(written({}, 1000, wanted), {}, 1000);
  EXPECT_EQ(found.z_score, 0);
  EXPECT_EQ(found.p_value, .5);
  EXPECT_FALSE(found.is_watermarked);

  const WatermarkFinding fewer = detect_watermark(written({}, 1000, std::vector<bool>(16, false)), {}, 1000);
  EXPECT_NEAR(fewer.z_score, -4 / std::sqrt(3), 1e-12);
  EXPECT_NEAR(fewer.p_value, 1 - .5 * std::exp(-2 * 16 / 3. / M_PI), 1e-12);
}

// 7 of 9 at ratio 1/10: z = 6.1 / .9. The threshold itself is not passed.
TEST(WatermarkDetector, TheThreshold) {
  const WatermarkConfig config{.greenlist_ratio = .1};
  std::vector<bool> wanted(9, true);
  wanted[4] = wanted[5] = false;
  const Tokens text = written(config, 1000, wanted);
  const double z = detect_watermark(text, config, 1000).z_score;
  EXPECT_NEAR(z, 6.1 / .9, 1e-12);
  EXPECT_FALSE(detect_watermark(text, config, 1000, {}, {.z_threshold = z}).is_watermarked);
  EXPECT_TRUE(detect_watermark(text, config, 1000, {}, {.z_threshold = std::nextafter(z, 0.)}).is_watermarked);
}

TEST(WatermarkDetector, ABosAtTheBeginningIsPassedOver) {
  const Tokens text{5, 1, 2, 3};
  EXPECT_EQ(detect_watermark(text, {}, 10).n_scored, 3);
  EXPECT_EQ(detect_watermark(text, {}, 10, 5).n_scored, 2);
  EXPECT_EQ(detect_watermark(text, {}, 10, 1).n_scored, 3);
  EXPECT_EQ(detect_watermark(Tokens{5, 5, 2, 3}, {}, 10, 5).n_scored, 2);
}

TEST(WatermarkDetector, HowManyTokensAreScored) {
  const Tokens text{1, 2, 3, 4, 5, 6};
  for (const int width : {1, 2, 5}) {
    EXPECT_EQ(detect_watermark(text, {.context_width = width}, 10).n_scored, 6 - width);
    EXPECT_EQ(detect_watermark(text, {.selfhash = true, .context_width = width}, 10).n_scored, 7 - width);
  }
}

TEST(WatermarkDetector, RepeatedNgrams) {
  const Tokens text{1, 2, 1, 2, 1, 2, 3};
  const WatermarkFinding all = detect_watermark(text, {.greenlist_ratio = .5}, 10);
  const WatermarkFinding once =
      detect_watermark(text, {.greenlist_ratio = .5}, 10, {}, {.ignore_repeated_ngrams = true});
  EXPECT_EQ(all.n_scored, 6);
  EXPECT_EQ(once.n_scored, 3);  // 1 2, 2 1, 2 3
  const GreenList green({.greenlist_ratio = .5}, 10);
  const auto is_green = [&](Token before, Token token) { return green.contains(Tokens{before}, token) ? 1 : 0; };
  const int two = is_green(1, 2), one = is_green(2, 1), three = is_green(2, 3);
  EXPECT_EQ(all.n_green, 3 * two + 2 * one + three);
  EXPECT_EQ(once.n_green, two + one + three);
}

TEST(WatermarkDetector, FindsWhatTheProcessorWrote) {
  for (const bool selfhash : {false, true}) {
    const WatermarkConfig config{.bias = 4, .selfhash = selfhash};
    const Watermark watermark(config, 300);
    Tokens marked{1}, plain{1};
    for (std::uint32_t i = 0; i < 60; ++i) {
      const Floats logits = random_scores(i, {300, 1});
      Scores scores = scores_of(logits);
      plain.push_back(scores.race(1, GumbelNoise(1, 0, i)).front().id);
      watermark(scores, Context{.tokens = marked});
      marked.push_back(scores.race(1, GumbelNoise(1, 0, i)).front().id);
    }
    EXPECT_TRUE(detect_watermark(marked, config, 300).is_watermarked) << selfhash;
    EXPECT_FALSE(detect_watermark(plain, config, 300).is_watermarked) << selfhash;
    WatermarkConfig other = config;
    ++other.hashing_key;
    EXPECT_FALSE(detect_watermark(marked, other, 300).is_watermarked) << selfhash;
  }
}

TEST(WatermarkDetector, Errors) {
  try {
    detect_watermark(Tokens{5}, {}, 10);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    EXPECT_STREQ(error.what(), "the text has 1 tokens: this watermark shows in no fewer than 2");
  }
  EXPECT_THROW(detect_watermark(Tokens{}, {}, 10), Error);
  EXPECT_THROW(detect_watermark(Tokens{5, 5}, {}, 10, 5), Error);
  EXPECT_THROW(detect_watermark(Tokens{5, 5, 5}, {.context_width = 3}, 10), Error);
  EXPECT_THROW(detect_watermark(Tokens{1, 10}, {}, 10), Error);
  EXPECT_THROW(detect_watermark(Tokens{-1, 1}, {}, 10), Error);
  EXPECT_THROW(detect_watermark(Tokens{1, 2}, {.greenlist_ratio = 0}, 10), Error);
}

}  // namespace
}  // namespace decant
