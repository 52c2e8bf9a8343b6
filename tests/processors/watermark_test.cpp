#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

// torch.randperm(4, generator=torch.Generator().manual_seed(15485863 * 1)) is 2 0 3 1.
TEST(WatermarkProcessor, ByHand) {
  const Floats logits{1, 2, 3, 4};
  const auto marked = [](double ratio, const Floats& scores) {
    return after(Watermark({.greenlist_ratio = ratio, .bias = 2}, 4), scores, {0, 1});
  };
  EXPECT_EQ(marked(.2, logits), logits);
  EXPECT_EQ(marked(.25, logits), (Floats{1, 2, 5, 4}));
  EXPECT_EQ(marked(.5, logits), (Floats{3, 2, 5, 4}));
  EXPECT_EQ(marked(.75, logits), (Floats{3, 2, 5, 6}));
  EXPECT_EQ(marked(.5, {1, 2, -inf, 4}), (Floats{3, 2, -inf, 4}));
  EXPECT_EQ(marked(.25, {-inf, -inf, 3, -inf}), (Floats{-inf, -inf, 5, -inf}));
}

TEST(WatermarkProcessor, ComesAfterACut) {
  Scores scores = scores_of({1, 2, 3, 4});
  scores.keep_top(2);
  Watermark({.greenlist_ratio = .5, .bias = 2}, 4)(scores, Context{.tokens = Tokens{1}});
  EXPECT_EQ(values(scores, 4), (Floats{-inf, -inf, 5, 4}));
}

TEST(WatermarkProcessor, WaitsForItsContext) {
  const Floats logits{1, 2, 3, 4};
  for (const bool selfhash : {false, true}) {
    const Watermark processor({.greenlist_ratio = .9, .selfhash = selfhash, .context_width = 3}, 4);
    EXPECT_EQ(after(processor, logits, {}), logits);
    EXPECT_EQ(after(processor, logits, {1, 2}), logits);
    EXPECT_NE(after(processor, logits, {1, 2, 1}), logits);
  }
}

TEST(WatermarkProcessor, SelfhashLooksAtTheBestFortyOnly) {
  const WatermarkConfig config{.greenlist_ratio = .5, .bias = 1, .selfhash = true};
  const GreenList green(config, 100);
  Floats logits(100);
  for (int id = 0; id < 100; ++id) logits[id] = static_cast<float>(-id / 2);  // two of each
  const Floats marked = after(Watermark(config, 100), logits, {0});
  int n_green = 0;
  for (Token id = 0; id < 100; ++id) {
    const bool favoured = id < 40 && green.contains(Tokens{0}, id);
    EXPECT_EQ(marked[id], logits[id] + (favoured ? 1 : 0)) << id;
    n_green += favoured;
  }
  EXPECT_GT(n_green, 8);
  EXPECT_LT(n_green, 32);
}

TEST(WatermarkProcessor, RejectsWhatMakesNoWatermark) {
  EXPECT_THROW(Watermark({.greenlist_ratio = 1}, 4), Error);
  EXPECT_THROW(Watermark({.context_width = 0}, 4), Error);
}

RC_GTEST_PROP(WatermarkProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const WatermarkConfig config{.greenlist_ratio = c.element({.1, .25, .5, .9}),
                                 .bias = c.element({-1.3, 0, .3, 2}),
                                 .hashing_key = 15485863,
                                 .selfhash = i == 0,  // its table takes milliseconds
                                 .context_width = c.integer(1, 4)};
    const GreenList green(config, c.n_vocab);
    Doubles expected(c.logits.begin(), c.logits.end());
    for (Token id = 0; id < c.n_vocab && c.length() >= config.context_width; ++id) {
      if (green.contains(c.tokens, id)) expected[id] += config.bias;
    }
    RC_ASSERT(near(after_in(c.context(), Watermark(config, c.n_vocab), c.logits), expected));
  }
}

}  // namespace
}  // namespace decant
