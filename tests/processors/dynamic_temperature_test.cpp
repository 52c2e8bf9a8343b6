#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

// 7/4 of 2 bits: 0.875 of the largest entropy.
const Floats dyadic = log_of({.5, .25, .125, .125});

void expect_divided(const DynamicTemperature& processor, const Floats& logits, double temperature) {
  const Floats scores = after(processor, logits);
  for (std::size_t id = 0; id < logits.size(); ++id) {
    EXPECT_FLOAT_EQ(scores[id], static_cast<float>(logits[id] / temperature)) << id;
  }
}

TEST(DynamicTemperatureProcessor, ByHand) {
  expect_divided(DynamicTemperature(1, .5, 1), dyadic, .5 + .875);
  expect_divided(DynamicTemperature(1, .5, 2), dyadic, .5 + .765625);
  expect_divided(DynamicTemperature(.5, 1, 1), dyadic, 1.5 * .875);  // from 0, not from -0.5
  expect_divided(DynamicTemperature(.8, .3, 7), {1, 1, 1, 1}, 1.1);
  expect_divided(DynamicTemperature(.8, .3, 1), {10, -100, -100, -100}, .5);
}

TEST(DynamicTemperatureProcessor, WithoutARangeItIsTheTemperature) {
  EXPECT_EQ(after(DynamicTemperature(2, 0, 1), {3, -inf, 1, -4}), (Floats{1.5, -inf, .5, -2}));
  EXPECT_EQ(after(DynamicTemperature(1, 0, 1), {3, -inf, 1, -4}), (Floats{3, -inf, 1, -4}));
}

TEST(DynamicTemperatureProcessor, ZeroIsGreedy) {
  EXPECT_EQ(kept_by(DynamicTemperature(0, 0, 1), {1, 3, 3, 2}), (Tokens{1}));
  EXPECT_EQ(kept_by(DynamicTemperature(.5, 1, 1), {0, 2000, 1}), (Tokens{1}));
}

TEST(DynamicTemperatureProcessor, WhatIsRemovedDoesNotCount) {
  expect_divided(DynamicTemperature(1, .5, 1), {-inf, 2, -inf, 2}, 1.5);
}

TEST(DynamicTemperatureProcessor, FewTokens) {
  EXPECT_EQ(after(DynamicTemperature(1, .5, 1), {-42}), (Floats{-42}));
  EXPECT_EQ(after(DynamicTemperature(1, .5, 1), {-inf, 3, -inf}), (Floats{-inf, 3, -inf}));
  EXPECT_EQ(after(DynamicTemperature(1, .5, 1), {-inf, -inf}), (Floats{-inf, -inf}));
}

TEST(DynamicTemperatureProcessor, RejectsWhatIsNoTemperature) {
  for (const double bad : {-.1, double{inf}, std::nan("")}) {
    EXPECT_THROW(DynamicTemperature(bad, .1, 1), Error) << bad;
    EXPECT_THROW(DynamicTemperature(1, bad, 1), Error) << bad;
    EXPECT_THROW(DynamicTemperature(1, .1, bad), Error) << bad;
  }
  EXPECT_THROW(DynamicTemperature(1, .1, 0), Error);
}

// The entropy of a long list is good to 1e-6 or so: where it is small itself, T is not, and cases by hand have to do.
RC_GTEST_PROP(DynamicTemperatureProcessor, EqualsTheReference, ()) {
  const double temperature = *rc::gen::element(.5, 1., 1.7);
  const double range = *rc::gen::element(.1, .4, 1.);
  const double exponent = *rc::gen::element(.5, 1., 2.);
  const DynamicTemperature processor(temperature, range, exponent);
  on_random_vectors([&](const Floats& logits) {
    reference::Reference expected{logits};
    expected.dynamic_temperature(temperature, range, exponent);
    if (reference::entropy_of(reference::softmax(logits)) < .1) return;
    for (Scores scores : {scores_of(logits), ranked_scores_of(logits)}) {
      processor(scores, {});
      for (std::size_t id = 0; id < logits.size(); ++id) {
        const float own = scores.score(static_cast<Token>(id));
        RC_ASSERT((own == -inf) == (logits[id] == -inf));
        if (own > -inf) RC_ASSERT(std::abs(own - expected.scores[id]) <= 3e-5 * (1 + std::abs(own)));
      }
    }
  });
}

RC_GTEST_PROP(DynamicTemperatureProcessor, Laws, ()) {
  ignores_a_shift(DynamicTemperature(1, .5, 1), {});
  ignores_names(DynamicTemperature(1, .5, 1), {});
}

}  // namespace
}  // namespace decant
