#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/support.h"

namespace decant {
namespace {

TEST(TemperatureProcessor, ByHand) {
  EXPECT_EQ(after(Temperature(2), {4, -2, 0, -inf}), (Floats{2, -1, 0, -inf}));
  EXPECT_EQ(after(Temperature(.5), {4, -2, 0, -inf}), (Floats{8, -4, 0, -inf}));
  EXPECT_EQ(after(Temperature(1), {4, -2, 0, -inf}), (Floats{4, -2, 0, -inf}));
  EXPECT_EQ(after(Temperature(.7), {-5}), (Floats{-5 / .7f}));
  EXPECT_EQ(after(Temperature(.7), {-inf, -inf}), (Floats{-inf, -inf}));
}

TEST(TemperatureProcessor, TwiceIsTheProduct) {
  for (const bool ranked : {false, true}) {
    Scores scores = ranked ? ranked_scores_of({8, 1, -4}) : scores_of({8, 1, -4});
    Temperature(2)(scores, {});
    Temperature(4)(scores, {});
    EXPECT_EQ(values(scores, 3), (Floats{1, .125f, -.5f}));
    EXPECT_EQ(scores.max(), 1);
  }
}

// Scores of any size: nothing overflows, the best has everything.
TEST(TemperatureProcessor, TowardsZeroIsGreedy) {
  for (const float scale : {1e-3f, 1.f, 1e30f}) {
    for (const double t : {1e-10, 1e-30, 1e-38, 1e-300}) {
      for (const bool negative : {false, true}) {
        const float best = negative ? -1.f : 3.f;
        for (Scores scores : {scores_of({-2 * scale, best * scale, -3 * scale, best * scale, -inf}),
                              ranked_scores_of({-2 * scale, best * scale, -3 * scale, best * scale, -inf})}) {
          Temperature{t}(scores, {});
          EXPECT_NEAR(scores.probability(1), .5, 1e-12) << scale << ' ' << t;
          EXPECT_EQ(scores.probability(1), scores.probability(3));
          EXPECT_EQ(scores.argmax(), 1);
        }
      }
    }
  }
}

TEST(TemperatureProcessor, TowardsInfinityIsUniformOverWhatIsLeft) {
  for (const double temperature : {3e38, 1e39, 1e300}) {
    Scores scores = scores_of({5, -100, -inf, 30});
    Temperature{temperature}(scores, {});
    for (const Token id : {0, 1, 3}) EXPECT_NEAR(scores.probability(id), 1 / 3., 1e-12) << temperature;
    EXPECT_EQ(scores.probability(2), 0) << temperature;
  }
}

TEST(TemperatureProcessor, RejectsWhatIsNoTemperature) {
  for (const double t : {0., -1., std::nan(""), double{inf}}) EXPECT_THROW(Temperature{t}, Error) << t;
}

RC_GTEST_PROP(TemperatureProcessor, EqualsTheReference, (unsigned seed, bool coarse)) {
  const auto n = *rc::gen::inRange(1, 500);
  const auto t = *rc::gen::element(.01, .3, .7, 1., 1.3, 7.);
  for (unsigned i = 0; i < 30; ++i) {
    const Floats logits = random_scores(seed + i, {n, 3, coarse, .1});
    reference::Reference expected{logits};
    expected.temperature(t);
    RC_ASSERT(after(Temperature(t), logits) == expected.scores);
  }
}

// The law depends on differences of scores alone. (Quarters: the shift is exact.)
RC_GTEST_PROP(TemperatureProcessor, ShiftChangesNothing, (unsigned seed)) {
  Floats logits = random_scores(seed, {*rc::gen::inRange(1, 300), 3, true, .1});
  RC_PRE(*std::max_element(logits.begin(), logits.end()) > -inf);
  const auto t = *rc::gen::element(.5, .7, 2.);
  Scores before = scores_of(logits);
  Temperature{t}(before, {});
  for (float& score : logits) score += 32;
  Scores shifted = scores_of(logits);
  Temperature{t}(shifted, {});
  for (Token id = 0; id < before.n_vocab(); ++id) {
    RC_ASSERT(std::abs(before.probability(id) - shifted.probability(id)) < 1e-5);
  }
}

}  // namespace
}  // namespace decant
