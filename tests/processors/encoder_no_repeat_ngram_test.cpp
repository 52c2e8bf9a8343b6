#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, 3, 2, 1};

Floats paraphrased(int n, const Tokens& tokens, int n_prompt) {
  return after_in(Context{.tokens = tokens, .n_prompt = n_prompt}, EncoderNoRepeatNgram(n), logits);
}

TEST(EncoderNoRepeatNgramProcessor, ByHand) {
  EXPECT_EQ(paraphrased(1, {0, 2, 1}, 2), without(logits, {0, 2}));
  EXPECT_EQ(paraphrased(2, {0, 2, 3, 0}, 3), without(logits, {2}));
  EXPECT_EQ(paraphrased(3, {0, 2, 3, 1, 0, 2}, 3), without(logits, {3}));
  EXPECT_EQ(paraphrased(3, {0, 2, 3, 1, 1, 2}, 3), logits);
}

// What only the new text has may come again.
TEST(EncoderNoRepeatNgramProcessor, OnlyThePromptCounts) {
  EXPECT_EQ(paraphrased(2, {3, 0, 1, 0}, 1), logits);
  EXPECT_EQ(paraphrased(2, {3, 0, 1, 0}, 2), logits);  // the prompt ends with what now precedes
  EXPECT_EQ(paraphrased(2, {3, 0, 1, 0}, 3), without(logits, {1}));
  EXPECT_EQ(paraphrased(1, {3, 0}, 0), logits);
}

TEST(EncoderNoRepeatNgramProcessor, TextsShorterThanTheNgram) {
  for (const int n : {3, 4, 1000}) EXPECT_EQ(paraphrased(n, {1, 1}, 2), logits) << n;
  EXPECT_EQ(paraphrased(2, {}, 0), logits);
}

TEST(EncoderNoRepeatNgramProcessor, RejectsWhatIsNoLength) {
  for (const int n : {0, -1}) EXPECT_THROW(EncoderNoRepeatNgram{n}, Error) << n;
}

RC_GTEST_PROP(EncoderNoRepeatNgramProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const int n = c.integer(1, 5);
    Floats expected = c.logits;
    std::set<Tokens> ngrams;
    for (int at = 0; at + n <= c.n_prompt; ++at) ngrams.emplace(c.tokens.begin() + at, c.tokens.begin() + at + n);
    for (Token id = 0; id < c.n_vocab && c.length() + 1 >= n; ++id) {
      Tokens ngram(c.tokens.end() - (n - 1), c.tokens.end());
      ngram.push_back(id);
      if (ngrams.count(ngram)) expected[id] = -inf;
    }
    RC_ASSERT(after_in(c.context(), EncoderNoRepeatNgram(n), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
