#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"
#include "support/table_model.h"

namespace decant {
namespace {

const testing::TableVocab vocab({"a", "b", "c", ":", "c:a", "<end>", "d"}, {5});
constexpr Token a = 0, b = 1, c = 2, colon = 3, c_colon_a = 4, end = 5, d = 6;

GenerationConfig config(int allowed_length = 2, int last_n = -1, std::vector<std::string> breakers = {":"}) {
  return {.dry_multiplier = .5,
          .dry_base = 2,
          .dry_allowed_length = allowed_length,
          .dry_penalty_last_n = last_n,
          .dry_sequence_breakers = std::move(breakers)};
}

// What the tokens lose, by id.
std::map<Token, float> penalties(const GenerationConfig& dry, const Tokens& text) {
  const Floats scores = after(Dry(dry, vocab), Floats(7, 1), text);
  std::map<Token, float> result;
  for (Token id = 0; id < 7; ++id) {
    if (scores[id] != 1) result[id] = 1 - scores[id];
  }
  return result;
}

using Penalties = std::map<Token, float>;

TEST(DryProcessor, ByHand) {
  EXPECT_EQ(penalties(config(), {a, b, c, a, b}), (Penalties{{c, .5f}}));
  EXPECT_EQ(penalties(config(), {a, b, c, a}), (Penalties{}));  // one token: allowed
  EXPECT_EQ(penalties(config(1), {a, b, c, a}), (Penalties{{b, .5f}}));
  EXPECT_EQ(penalties(config(1), {a, b, c, a, b}), (Penalties{{c, 1.f}}));
  EXPECT_EQ(penalties(config(), {b, a, b, c, b, a, b}), (Penalties{{c, 1.f}}));
  EXPECT_EQ(penalties(config(), {c, a, b, a, b, a, b}), (Penalties{{a, 2.f}}));  // a b a b, overlapping itself
}

TEST(DryProcessor, TheLongestRepetitionOfATokenCounts) {
  // Behind `a b` comes c, behind `c a b` comes c too; behind a lone b comes a.
  EXPECT_EQ(penalties(config(1), {a, b, c, a, b, c, b, a, c, a, b}), (Penalties{{c, 2.f}, {a, .5f}}));
}

TEST(DryProcessor, TheBreakerNoneIsNone) {
  const Tokens text{a, b, colon, a, b};
  EXPECT_EQ(penalties(config(2, -1, {"none"}), text), (Penalties{{colon, .5f}}));
  EXPECT_EQ(penalties(config(2, -1, {":", "none"}), text), (Penalties{{colon, .5f}}));
  EXPECT_EQ(penalties(config(2, -1, {"none", ":"}), text), (Penalties{}));
}

TEST(DryProcessor, ShortTexts) {
  EXPECT_EQ(penalties(config(), {}), (Penalties{}));
  EXPECT_EQ(penalties(config(), {a}), (Penalties{}));
  EXPECT_EQ(penalties(config(), {a, a}), (Penalties{}));
  EXPECT_EQ(penalties(config(), {a, a, a}), (Penalties{{a, .5f}}));
  EXPECT_EQ(penalties(config(1), {a, a}), (Penalties{{a, .5f}}));
}

TEST(DryProcessor, Window) {
  const Tokens text{a, b, c, a, b};
  EXPECT_EQ(penalties(config(2, 5), text), (Penalties{{c, .5f}}));
  EXPECT_EQ(penalties(config(2, 4), text), (Penalties{}));
  EXPECT_EQ(penalties(config(1, 4), text), (Penalties{{c, .5f}}));
  EXPECT_EQ(penalties(config(1, 3), text), (Penalties{}));
  EXPECT_EQ(penalties(config(1, 0), text), (Penalties{}));
  EXPECT_EQ(penalties(config(2, 9), text), (Penalties{{c, .5f}}));
}

TEST(DryProcessor, BreakersLimitTheRepetition) {
  EXPECT_EQ(penalties(config(), {a, colon, b, a, colon, b}), (Penalties{}));
  EXPECT_EQ(penalties(config(1), {a, colon, b, a, colon, b}), (Penalties{{a, .5f}}));
  EXPECT_EQ(penalties(config(2, -1, {}), {a, colon, b, a, colon, b}), (Penalties{{a, 1.f}}));
  EXPECT_EQ(penalties(config(), {a, b, c, colon, a, b}), (Penalties{{c, .5f}}));  // only the later one matters
}

TEST(DryProcessor, ABreakerIsNotPenalised) {
  EXPECT_EQ(penalties(config(), {a, b, colon, a, b}), (Penalties{}));
  EXPECT_EQ(penalties(config(), {a, b, c_colon_a, a, b}), (Penalties{}));
  EXPECT_EQ(penalties(config(2, -1, {}), {a, b, colon, a, b}), (Penalties{{colon, .5f}}));
}

// `bc`: a b with c behind it, or b alone before a token that only begins with c.
TEST(DryProcessor, BreakersOfSeveralTokens) {
  const std::vector<std::string> breakers{"bc"};
  EXPECT_EQ(penalties(config(1, -1, breakers), {a, b, c, a, b, c}), (Penalties{}));
  EXPECT_EQ(penalties(config(1, -1, breakers), {a, b, c, a, a, b, c, a}), (Penalties{{b, .5f}, {a, .5f}}));
  EXPECT_EQ(penalties(config(1, -1, breakers), {a, b, a, a, b}), (Penalties{{a, 1.f}}));
  EXPECT_EQ(penalties(config(1, -1, {":ab"}), {b, c_colon_a, b, b, c_colon_a, b}), (Penalties{}));
  EXPECT_EQ(penalties(config(1, -1, {"<end>"}), {a, end, b, a, end, b}), (Penalties{{a, .5f}}));
  EXPECT_EQ(penalties(config(1, -1, {""}), {a, b, c, a}), (Penalties{{b, .5f}}));
}

TEST(DryProcessor, OfBreakersAtOnePlaceTheLongestCounts) {
  const Tokens text{a, d, b, c, a};
  EXPECT_EQ(penalties(config(1, -1, {"bc"}), text), (Penalties{{d, .5f}}));
  EXPECT_EQ(penalties(config(1, -1, {"bca", "bc"}), text), (Penalties{}));
  EXPECT_EQ(penalties(config(1, -1, {"bc", "bca"}), text), (Penalties{}));
}

TEST(DryProcessor, TheExponentIsLimited) {
  GenerationConfig dry = config(1);
  dry.dry_base = 1e10;
  const Tokens text(30, a);
  EXPECT_EQ(penalties(dry, text), (Penalties{{a, .5e30f}}));  // 29 - 1 would be too much, 3 is the most
  dry.dry_base = 1;
  EXPECT_EQ(penalties(dry, text), (Penalties{{a, .5f}}));
}

TEST(DryProcessor, DoesNothing) {
  GenerationConfig dry = config(1);
  dry.dry_multiplier = 0;
  EXPECT_EQ(after(Dry(dry, vocab), {0, -200, 1, -3e38f}, {a, a, a}), (Floats{0, -200, 1, -3e38f}));
}

TEST(DryProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(after(Dry(config(1), vocab), {-inf, 2, 3}, {a, a, a, b, a, b, a}), (Floats{-inf, 2 - 2, 3}));
  EXPECT_EQ(after(Dry(config(1), vocab), {2}, {a, a, a}), (Floats{2 - 1}));
}

TEST(DryProcessor, RejectsBadOptions) {
  const auto bad = [](auto member, auto value) {
    GenerationConfig dry = config();
    dry.*member = value;
    EXPECT_THROW(Dry(dry, vocab), Error) << value;
  };
  for (const double x : {-.1, double{inf}, std::nan("")}) bad(&GenerationConfig::dry_multiplier, x);
  for (const double x : {.9, double{inf}, std::nan("")}) bad(&GenerationConfig::dry_base, x);
  for (const int n : {0, -1}) bad(&GenerationConfig::dry_allowed_length, n);
  bad(&GenerationConfig::dry_penalty_last_n, -2);
}

// From the definition: every earlier place, compared token by token; breakers are single tokens that hold a colon.
RC_GTEST_PROP(DryProcessor, EqualsTheReference, ()) {
  const auto breaks = [](Token token) { return token == colon || token == c_colon_a; };
  const GenerationConfig dry = config(*rc::gen::inRange(1, 5), *rc::gen::element(-1, 0, 3, 10, 50));
  const Dry processor(dry, vocab);
  for (int i = 0; i < 100; ++i) {
    const auto alphabet = *rc::gen::element(1, 2, 3, 5);
    Tokens text(*rc::gen::inRange(0, 60));
    for (Token& token : text) token = *rc::gen::inRange(0, alphabet);

    Tokens window = text;
    if (dry.dry_penalty_last_n >= 0 && window.size() > static_cast<std::size_t>(dry.dry_penalty_last_n)) {
      window.erase(window.begin(), window.end() - dry.dry_penalty_last_n);
    }
    const int n = static_cast<int>(window.size());
    Floats expected(7, 1);
    Penalties lost;
    for (int next = 1; next < n; ++next) {
      int length = 0;
      while (length < next && window[next - 1 - length] == window[n - 1 - length] && !breaks(window[n - 1 - length])) {
        ++length;
      }
      const Token token = window[next];
      if (length < dry.dry_allowed_length || breaks(token)) continue;
      lost[token] = std::max(lost[token], .5f * std::exp2f(static_cast<float>(length - dry.dry_allowed_length)));
    }
    for (const auto& [token, penalty] : lost) expected[token] -= penalty;
    RC_ASSERT(after(processor, Floats(7, 1), text) == expected);
  }
}

RC_GTEST_PROP(DryProcessor, Laws, ()) {
  const Tokens text(20, a);
  ignores_a_shift(Dry(config(), vocab), Context{.tokens = text});
}

}  // namespace
}  // namespace decant
