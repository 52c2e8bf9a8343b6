#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/support.h"

namespace decant {
namespace {

TEST(RepetitionPenaltyProcessor, ByHand) {
  const Floats logits{2, -2, 0, 6};
  EXPECT_EQ(after(RepetitionPenalty(2), logits, {0, 1, 2}), (Floats{1, -4, 0, 6}));
  EXPECT_EQ(after(RepetitionPenalty(.5), logits, {0, 1}), (Floats{4, -1, 0, 6}));
  EXPECT_EQ(after(RepetitionPenalty(2), logits, {}), logits);
  EXPECT_EQ(after(RepetitionPenalty(1), logits, {0, 1, 2, 3}), logits);
}

TEST(RepetitionPenaltyProcessor, CountsEveryTokenOnce) {
  EXPECT_EQ(after(RepetitionPenalty(2), {8, -8, 1, 1}, {0, 1, 0, 0, 1}), (Floats{4, -16, 1, 1}));
}

TEST(RepetitionPenaltyProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(after(RepetitionPenalty(2), {-inf, 1}, {0}), (Floats{-inf, 1}));
  EXPECT_EQ(after(RepetitionPenalty(.5), {-inf, 1}, {0}), (Floats{-inf, 1}));
}

TEST(RepetitionPenaltyProcessor, LooksAtTheLastTokensOnly) {
  const Floats logits{8, 8, 8, 8};
  const Tokens tokens{0, 1, 2, 1};
  EXPECT_EQ(after(RepetitionPenalty(2, -1), logits, tokens), (Floats{4, 4, 4, 8}));
  EXPECT_EQ(after(RepetitionPenalty(2, 0), logits, tokens), logits);
  EXPECT_EQ(after(RepetitionPenalty(2, 1), logits, tokens), (Floats{8, 4, 8, 8}));
  EXPECT_EQ(after(RepetitionPenalty(2, 2), logits, tokens), (Floats{8, 4, 4, 8}));
  EXPECT_EQ(after(RepetitionPenalty(2, 3), logits, tokens), (Floats{8, 4, 4, 8}));
  EXPECT_EQ(after(RepetitionPenalty(2, 4), logits, tokens), (Floats{4, 4, 4, 8}));
  EXPECT_EQ(after(RepetitionPenalty(2, 5), logits, tokens), (Floats{4, 4, 4, 8}));
  EXPECT_THROW(RepetitionPenalty(2, -2), Error);
}

TEST(RepetitionPenaltyProcessor, ChangesTheOrderAndTheMaximum) {
  Scores scores = scores_of({4, 3, 1});
  RepetitionPenalty(2)(scores, Context{.tokens = Tokens{0}});
  EXPECT_EQ(scores.argmax(), 1);
  EXPECT_EQ(scores.max(), 3);
  RepetitionPenalty(.25)(scores, Context{.tokens = Tokens{2}});
  EXPECT_EQ(scores.argmax(), 2);
  EXPECT_EQ(scores.max(), 4);
}

TEST(RepetitionPenaltyProcessor, NeverOverflows) {
  EXPECT_EQ(after(RepetitionPenalty(1e-30), {1e20f, 0}, {0}), (Floats{std::numeric_limits<float>::max(), 0}));
  EXPECT_EQ(after(RepetitionPenalty(1e30), {-1e20f, 0}, {0}), (Floats{-inf, 0}));
}

TEST(RepetitionPenaltyProcessor, RejectsWhatIsNoPenalty) {
  for (const double penalty : {0., -1., 1e-50, 1e50, std::nan(""), double{inf}}) {
    EXPECT_THROW(RepetitionPenalty{penalty}, Error) << penalty;
  }
}

RC_GTEST_PROP(RepetitionPenaltyProcessor, EqualsTheReference, (unsigned seed, bool coarse)) {
  const auto n = *rc::gen::inRange(1, 500);
  const auto penalty = *rc::gen::element(.3, .9, 1., 1.1, 1.5, 10.);
  const auto last_n = *rc::gen::element(-1, 0, 1, 3, 64);
  const auto tokens = *rc::gen::container<Tokens>(rc::gen::inRange(0, n));
  Tokens window;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (last_n < 0 || tokens.size() - i <= static_cast<std::size_t>(last_n)) window.push_back(tokens[i]);
  }
  for (unsigned i = 0; i < 100; ++i) {
    const Floats logits = random_scores(seed + i, {n, 3, coarse, .1});
    reference::Reference expected{logits};
    expected.repetition_penalty(penalty, window);
    RC_ASSERT(after(RepetitionPenalty(penalty, last_n), logits, tokens) == expected.scores);
  }
}

}  // namespace
}  // namespace decant
