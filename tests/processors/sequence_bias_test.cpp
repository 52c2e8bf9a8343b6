#include "processors/sequence_bias.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "options/usage_error.h"
#include "processors/random_case.h"

namespace decant {
namespace {

using Sequences = std::vector<BiasedSequence>;

const Floats logits{4, 3, -inf, 3};

Floats biased(const Sequences& sequences, const Tokens& tokens) {
  return after(SequenceBias("sequence_bias", sequences), logits, tokens);
}

TEST(SequenceBiasProcessor, SingleTokens) {
  EXPECT_EQ(biased({{{0}, -2}, {{1}, .5}}, {}), (Floats{2, 3.5, -inf, 3}));
  EXPECT_EQ(biased({{{0}, -2}, {{1}, .5}}, {3, 3, 3}), (Floats{2, 3.5, -inf, 3}));
  EXPECT_EQ(biased({{{3}, -inf}}, {}), (Floats{4, 3, -inf, -inf}));
  EXPECT_EQ(biased({{{2}, 5}}, {}), logits);  // removed stays removed
  EXPECT_EQ(biased({}, {0}), logits);
}

TEST(SequenceBiasProcessor, TheLastTokenWhereTheOthersPrecede) {
  const Sequences sequences{{{1, 2, 3}, 1}};
  EXPECT_EQ(biased(sequences, {0, 1, 2}), (Floats{4, 3, -inf, 4}));
  EXPECT_EQ(biased(sequences, {0, 2, 1}), logits);
  EXPECT_EQ(biased(sequences, {1, 2, 0}), logits);
  EXPECT_EQ(biased({{{3, 3, 3}, 1}}, {3, 3, 3, 3}), (Floats{4, 3, -inf, 4}));
}

// Hugging Face's: the text has to be as long as the whole sequence, although only its beginning is compared.
TEST(SequenceBiasProcessor, NotInATextShorterThanTheSequence) {
  EXPECT_EQ(biased({{{1, 2, 3}, 1}}, {1, 2}), logits);
  EXPECT_EQ(biased({{{1, 2, 3}, 1}}, {2}), logits);
  EXPECT_EQ(biased({{{1, 2, 3}, 1}}, {}), logits);
}

TEST(SequenceBiasProcessor, BiasesOfOneTokenAddUp) {
  EXPECT_EQ(biased({{{3}, 1}, {{0, 3}, 2}, {{1, 3}, 4}, {{0, 0, 3}, 8}}, {2, 0, 0}), (Floats{4, 3, -inf, 14}));
  EXPECT_EQ(biased({{{0, 3}, -inf}, {{3}, 100}}, {1, 0}), (Floats{4, 3, -inf, -inf}));
}

TEST(SequenceBiasProcessor, OfEqualSequencesTheLastCounts) {
  EXPECT_EQ(biased({{{0}, 1}, {{1}, 1}, {{0}, 2}}, {}), (Floats{6, 4, -inf, 3}));
  EXPECT_EQ(biased({{{1, 0}, -inf}, {{1, 0}, 2}}, {1, 1}), (Floats{6, 3, -inf, 3}));
}

TEST(SequenceBiasProcessor, NeverOverflows) {
  EXPECT_EQ(biased({{{0}, 3e38f}, {{1, 0}, 3e38f}}, {1, 1}), (Floats{std::numeric_limits<float>::max(), 3, -inf, 3}));
  EXPECT_EQ(biased({{{0}, 3e38f}, {{1, 0}, 3e38f}, {{1, 1, 0}, -inf}}, {1, 1, 1}), (Floats{-inf, 3, -inf, 3}));
  EXPECT_EQ(biased({{{0}, -3e38f}, {{1, 0}, -3e38f}}, {1, 1}), (Floats{-inf, 3, -inf, 3}));
}

TEST(SequenceBiasProcessor, BearsTheNameOfItsOption) {
  EXPECT_EQ(SequenceBias("bad_words", {}).name(), "bad_words");
  Scores scores = scores_of(logits);
  EXPECT_EQ(usage_error([&] {
              SequenceBias("logit_bias", {{{4}, 1}})(scores, {});
            }),
            "logit_bias has the token id 4, but this vocabulary ends at 3");
}

TEST(SequenceBiasProcessor, RejectsWhatCannotBe) {
  Scores scores = scores_of(logits);
  for (const Tokens& tokens : {Tokens{4}, Tokens{-1}, Tokens{4, 0}, Tokens{0, -1, 0}}) {
    EXPECT_THROW(SequenceBias("sequence_bias", {{tokens, 1}})(scores, {}), Error);
    EXPECT_THROW(SequenceBias("sequence_bias", {{{1}, 1}, {tokens, 1}, {{1, 2}, 1}})(scores, {}), Error);
  }
  EXPECT_THROW(SequenceBias("sequence_bias", {{{}, 1}}), Error);
  for (const float bad : {inf, std::nanf("")}) EXPECT_THROW(SequenceBias("sequence_bias", {{{0}, bad}}), Error) << bad;
}

Sequences random_sequences(RandomCase& c) {
  Sequences sequences;
  for (int n = c.integer(0, 8); n > 0; --n) {
    const int known = c.integer(0, std::min(3, c.length()));  // tokens of the text's end
    Tokens tokens(c.tokens.end() - known, c.tokens.end());
    if (c.integer(0, 3) == 0) tokens = c.ids(0, 2);
    tokens.push_back(c.id());
    sequences.push_back({tokens, static_cast<float>(c.element({-inf, -3.3, -1, .7, 20}))});
    if (c.integer(0, 3) == 0) sequences.push_back({tokens, 1.5});
  }
  return sequences;
}

RC_GTEST_PROP(SequenceBiasProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const Sequences sequences = random_sequences(c);
    Doubles expected(c.logits.begin(), c.logits.end());
    for (std::size_t at = 0; at < sequences.size(); ++at) {
      const auto& [tokens, bias] = sequences[at];
      bool counts = tokens.size() == 1 || tokens.size() <= c.tokens.size();
      for (std::size_t back = 1; counts && back < tokens.size(); ++back) {
        counts = tokens[tokens.size() - 1 - back] == c.tokens[c.tokens.size() - back];
      }
      for (std::size_t later = at + 1; later < sequences.size(); ++later) {
        if (sequences[later].tokens == tokens) counts = false;
      }
      if (counts) expected[tokens.back()] += bias;
    }
    RC_ASSERT(near(after_in(c.context(), SequenceBias("sequence_bias", sequences), c.logits), expected));
  }
}

}  // namespace
}  // namespace decant
