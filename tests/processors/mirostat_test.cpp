#include "processors/mirostat.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/laws.h"

namespace decant {
namespace {

const Floats dyadic = log_of({.125, .5, .125, .25});  // surprise 3 1 3 2 bits

Tokens kept(const Mirostat& mirostat, double mu, const Floats& logits) {
  const MirostatState state(mu);
  const Floats scores = after_in(Context{.state = &state}, mirostat, logits);
  Tokens ids;
  for (std::size_t id = 0; id < scores.size(); ++id) {
    if (scores[id] > -inf) ids.push_back(static_cast<Token>(id));
  }
  return ids;
}

double mu_of(const StatePtr& state) { return static_cast<const MirostatState&>(*state).mu; }

// p ~ rank^-s.
Floats zipf(double s, int n) {
  Floats logits;
  for (int rank = 1; rank <= n; ++rank) logits.push_back(static_cast<float>(-s * std::log(rank)));
  return logits;
}

TEST(Mirostat2Processor, ByHand) {
  const Mirostat mirostat(2, 5, .1, 4);
  EXPECT_EQ(kept(mirostat, 3.1, dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(mirostat, 2.9, dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept(mirostat, 1.9, dyadic), (Tokens{1}));
  EXPECT_EQ(kept(mirostat, .5, dyadic), (Tokens{1}));
  EXPECT_EQ(kept(mirostat, -9, dyadic), (Tokens{1}));
}

TEST(Mirostat2Processor, EqualityKeeps) {
  const Mirostat mirostat(2, 5, .1, 4);
  EXPECT_EQ(kept(mirostat, 3, dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(mirostat, 2, dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept(mirostat, 2, {1, 1, 1, 1}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(mirostat, 1.99, {1, 1, 1, 1}), (Tokens{0}));
}

// s = 2 of 4 tokens: sqrt(2^mu * 4 / 3). s = 1/2: (2^mu / 2)^2.
TEST(Mirostat1Processor, ByHand) {
  const Mirostat mirostat(1, 5, .1, 4);
  EXPECT_EQ(kept(mirostat, -3, zipf(2, 4)), (Tokens{0}));
  EXPECT_EQ(kept(mirostat, 0, zipf(2, 4)), (Tokens{0}));
  EXPECT_EQ(kept(mirostat, 2, zipf(2, 4)), (Tokens{0, 1}));
  EXPECT_EQ(kept(mirostat, 3, zipf(2, 4)), (Tokens{0, 1, 2}));
  EXPECT_EQ(kept(mirostat, 4, zipf(2, 4)), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(mirostat, 1.4, zipf(.5, 4)), (Tokens{0}));
  EXPECT_EQ(kept(mirostat, 1.6, zipf(.5, 4)), (Tokens{0, 1}));
  EXPECT_EQ(kept(mirostat, 2.1, zipf(.5, 4)), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(Mirostat(1, 5, .1, 1000000), 3, zipf(2, 4)), (Tokens{0, 1}));  // sqrt(8)
}

// s = 1: 2^mu / ln 4, the limit. s = 0: a power of infinity.
TEST(Mirostat1Processor, WhereTheFormulaHasNoValue) {
  const Mirostat mirostat(1, 5, .1, 4);
  EXPECT_EQ(kept(mirostat, 1, zipf(1, 4)), (Tokens{0}));
  EXPECT_EQ(kept(mirostat, 2, zipf(1, 4)), (Tokens{0, 1}));
  EXPECT_EQ(kept(mirostat, 1.5, {1, 1, 1, 1}), (Tokens{0}));
  EXPECT_EQ(kept(mirostat, 1.6, {1, 1, 1, 1}), (Tokens{0, 1, 2, 3}));
}

TEST(Mirostat1Processor, FitsTheHundredBest) {
  Floats logits = zipf(2, 1000);
  for (std::size_t rank = 100; rank < 1000; ++rank) logits[rank] = -50;
  const MirostatState state(12);
  Scores scores = scores_of(logits);
  Mirostat(1, 5, .1, 1000)(scores, Context{.state = &state});
  EXPECT_EQ(scores.kept(), 64);  // sqrt(4096 * 1000 / 999)
}

TEST(MirostatProcessor, FewTokens) {
  for (const int version : {1, 2}) {
    const Mirostat mirostat(version, 5, .1, 4);
    EXPECT_EQ(kept(mirostat, 9, {-42}), (Tokens{0}));
    EXPECT_EQ(kept(mirostat, 9, {-inf, 3, -inf}), (Tokens{1}));
    EXPECT_EQ(kept(mirostat, 9, {-inf, 0, -inf, 0}), (Tokens{1, 3}));
    EXPECT_EQ(kept(mirostat, 9, {-inf, -inf}), (Tokens{}));
  }
}

// 1/2 and 1/4 are left, as 2/3 and 1/3: log2 3 bits for the second.
TEST(MirostatProcessor, Memory) {
  const Mirostat mirostat(2, 1, .1, 4);
  const StatePtr start = mirostat.start();
  EXPECT_EQ(mu_of(start), 2);
  Scores scores = scores_of(dyadic);
  mirostat(scores, Context{.state = start.get()});
  const double surprise = mirostat.observe(scores, 3);
  EXPECT_NEAR(surprise, std::log2(3), 1e-7);
  EXPECT_NEAR(mu_of(mirostat.next(*start, 3, surprise)), 2 - .1 * (std::log2(3) - 1), 1e-7);
  EXPECT_NEAR(mu_of(mirostat.next(*start, 1, mirostat.observe(scores, 1))), 2 - .1 * (std::log2(1.5) - 1), 1e-7);
  EXPECT_EQ(mu_of(start), 2);
}

TEST(MirostatProcessor, RejectsBadOptions) {
  for (const int version : {0, 3, -1}) EXPECT_THROW(Mirostat(version, 5, .1, 4), Error);
  for (const double bad : {-.1, double{inf}, std::nan("")}) {
    EXPECT_THROW(Mirostat(2, bad, .1, 4), Error) << bad;
    EXPECT_THROW(Mirostat(2, 5, bad, 4), Error) << bad;
  }
}

RC_GTEST_PROP(Mirostat1Processor, EqualsTheReference, ()) {
  const MirostatState state(*rc::gen::inRange(-10, 150) / 10.);
  on_random_vectors([&](const Floats& logits) {
    const auto n = static_cast<int>(logits.size());
    equals_reference(Mirostat(1, 5, .1, n), Context{.state = &state}, logits,
                     [&](auto& reference) { reference.mirostat_1(state.mu, n); });
  });
}

RC_GTEST_PROP(Mirostat2Processor, EqualsTheReference, ()) {
  const MirostatState state(*rc::gen::inRange(-10, 150) / 10. + .00037);
  const Mirostat mirostat(2, 5, .1, 4);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(mirostat, Context{.state = &state}, logits,
                     [&](auto& reference) { reference.mirostat_2(state.mu); });
  });
}

RC_GTEST_PROP(MirostatProcessor, Laws, ()) {
  const MirostatState state(5.037);
  for (const int version : {1, 2}) {
    ignores_a_shift(Mirostat(version, 5, .1, 700), Context{.state = &state});
    ignores_names(Mirostat(version, 5, .1, 700), Context{.state = &state});
  }
}

}  // namespace
}  // namespace decant
