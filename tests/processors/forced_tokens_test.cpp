#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, 3, -inf, 1};

TEST(ForcedBosProcessor, ByHand) {
  EXPECT_EQ(after(ForcedBos(1), logits, {0}), (Floats{-inf, 0, -inf, -inf}));
  EXPECT_EQ(after(ForcedBos(2), logits, {0}), (Floats{-inf, -inf, 0, -inf}));  // even if it had been removed
  EXPECT_EQ(after(ForcedBos(1), logits, {}), logits);
  EXPECT_EQ(after(ForcedBos(1), logits, {0, 0}), logits);
}

TEST(ForcedEosProcessor, ByHand) {
  const ForcedEos processor({3, 2, 3}, 3);
  EXPECT_EQ(after(processor, logits, {0, 1}), (Floats{-inf, -inf, 0, 0}));
  EXPECT_EQ(after(processor, logits, {0}), logits);
  EXPECT_EQ(after(processor, logits, {0, 1, 1}), logits);
  EXPECT_EQ(after(ForcedEos({1}, 1), logits, {}), (Floats{-inf, 0, -inf, -inf}));
  EXPECT_EQ(after(ForcedEos({1}, 0), logits, {}), logits);
  EXPECT_EQ(after(ForcedEos({1}, std::numeric_limits<int>::max()), logits, {0}), logits);
}

TEST(ForcedEosProcessor, TheDistributionIsWholeAgain) {
  Scores scores = scores_of(logits);
  scores.divide(2);
  scores.keep_top(1);
  ForcedEos({3, 1}, 1)(scores, {});
  EXPECT_EQ(scores.kept(), 2);
  EXPECT_EQ(scores.argmax(), 1);
  EXPECT_EQ(scores.probability(3), .5);
  EXPECT_EQ(scores.race(9, GumbelNoise(1, 0, 0)).size(), 2u);
  scores.divide(3);
  EXPECT_EQ(scores.score(1), 0);
}

TEST(ForcedTokensProcessors, RejectWhatTheVocabularyLacks) {
  Scores scores = scores_of(logits);
  for (const Token id : {4, -1}) {
    EXPECT_THROW(ForcedBos{id}(scores, {}), Error) << id;
    EXPECT_THROW(ForcedEos({1, id}, 1)(scores, {}), Error) << id;
  }
}

Floats only(Floats scores, const Tokens& ids) {
  for (std::size_t id = 0; id < scores.size(); ++id) scores[id] = contains(ids, static_cast<Token>(id)) ? 0 : -inf;
  return scores;
}

RC_GTEST_PROP(ForcedTokensProcessors, EqualTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    if (c.integer(0, 2) == 0) c.tokens = c.ids(0, 2), c.n_prompt = 0;
    const Token bos = c.id();
    RC_ASSERT(after_in(c.context(), ForcedBos(bos), c.logits) == (c.length() == 1 ? only(c.logits, {bos}) : c.logits));
    const Tokens eos = c.ids(1, 4);
    const int max_length = c.length() + c.integer(0, 2);
    const Floats expected = c.length() == max_length - 1 ? only(c.logits, eos) : c.logits;
    RC_ASSERT(after_in(c.context(), ForcedEos(eos, max_length), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
