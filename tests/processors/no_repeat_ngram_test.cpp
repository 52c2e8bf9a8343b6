#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, 3, 2, 1};

TEST(NoRepeatNgramProcessor, ByHand) {
  EXPECT_EQ(after(NoRepeatNgram(1), logits, {0, 2}), without(logits, {0, 2}));
  EXPECT_EQ(after(NoRepeatNgram(2), logits, {0, 2, 3, 0}), without(logits, {2}));
  EXPECT_EQ(after(NoRepeatNgram(2), logits, {0, 2, 0, 1, 0}), without(logits, {2, 1}));
  EXPECT_EQ(after(NoRepeatNgram(3), logits, {0, 2, 3, 0, 2}), without(logits, {3}));
  EXPECT_EQ(after(NoRepeatNgram(3), logits, {0, 2, 3, 1, 2}), logits);
  EXPECT_EQ(after(NoRepeatNgram(3), logits, {1, 1, 1}), without(logits, {1}));
}

TEST(NoRepeatNgramProcessor, TextsShorterThanTheNgram) {
  for (const Tokens& tokens : {Tokens{}, Tokens{1}, Tokens{1, 1}, Tokens{1, 1, 1}}) {
    EXPECT_EQ(after(NoRepeatNgram(4), logits, tokens), logits);
    EXPECT_EQ(after(NoRepeatNgram(1000), logits, tokens), logits);
  }
  EXPECT_EQ(after(NoRepeatNgram(1), logits, {}), logits);
}

TEST(NoRepeatNgramProcessor, MayLeaveNothing) {
  EXPECT_EQ(after(NoRepeatNgram(1), {1, -inf}, {0, 0}), (Floats{-inf, -inf}));
}

TEST(NoRepeatNgramProcessor, RejectsWhatIsNoLength) {
  for (const int n : {0, -1}) EXPECT_THROW(NoRepeatNgram{n}, Error) << n;
}

// By what it promises: a token goes if and only if with it an n-gram would occur twice.
RC_GTEST_PROP(NoRepeatNgramProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const int n = c.integer(1, 5);
    Floats expected = c.logits;
    std::set<Tokens> ngrams;
    for (int at = 0; at + n <= c.length(); ++at) ngrams.emplace(c.tokens.begin() + at, c.tokens.begin() + at + n);
    for (Token id = 0; id < c.n_vocab && c.length() + 1 >= n; ++id) {
      Tokens ngram(c.tokens.end() - (n - 1), c.tokens.end());
      ngram.push_back(id);
      if (ngrams.count(ngram)) expected[id] = -inf;
    }
    RC_ASSERT(after_in(c.context(), NoRepeatNgram(n), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
