// The numbers of the example that docs/strategies/speculative.md works out by hand.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>

#include "strategies/verify.h"

namespace decant {
namespace {

constexpr double kDigits = 1e-6;  // a Law holds probabilities as floats
using Four = std::array<double, 4>;

constexpr Four p1 = {0.5, 0.3, 0.2, 0}, q1 = {0.2, 0.4, 0.1, 0.3};
constexpr Four p2 = {0.1, 0.6, 0.2, 0.1}, q2 = {0.25, 0.25, 0.25, 0.25};
constexpr Token a = 0, b = 1;

Law law_of(const Four& p) {
  std::vector<float> logits;
  for (const double each : p) logits.push_back(each > 0 ? static_cast<float>(std::log(each)) : -INFINITY);
  Scores scores;
  scores.reset(logits);
  return Law(scores);
}

// Answers as it is told, and remembers what was drawn from.
class Told : public Chance {
 public:
  explicit Told(std::vector<bool> answers) : answers_(std::move(answers)) {}
  bool happens(double probability) override {
    asked.push_back(probability);
    return answers_.at(asked.size() - 1);
  }
  Token pick(std::span<const std::pair<Token, double>> weights) override {
    double total = 0;
    for (const auto& each : weights) total += each.second;
    for (const auto& [token, weight] : weights) drawn_from.at(static_cast<std::size_t>(token)) = weight / total;
    return weights[0].first;
  }

  std::vector<double> asked;
  Four drawn_from{};

 private:
  std::vector<bool> answers_;
};

void expect_near(const Four& seen, const Four& expected) {
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(seen[i], expected[i], kDigits) << i;
}

std::size_t winner(const Four& p, const Four& noise) {
  std::size_t best = 0;
  const auto sum = [&](std::size_t i) { return std::log(p[i]) + noise[i]; };
  for (std::size_t i = 1; i < 4; ++i) best = sum(i) > sum(best) ? i : best;
  return best;
}

TEST(SpeculativePage, BothChooseTheSameInTheSameRace) {
  const Four noise = {0.31, 1.12, -0.45, 0.90};
  EXPECT_EQ(winner(p1, noise), 1u);
  EXPECT_EQ(winner(q1, noise), 1u);
  EXPECT_NEAR(std::log(p1[0]) + noise[0], -0.383, 5e-4);
  EXPECT_NEAR(std::log(p1[1]) + noise[1], -0.084, 5e-4);
  EXPECT_NEAR(std::log(p1[2]) + noise[2], -2.059, 5e-4);
  EXPECT_NEAR(std::log(q1[0]) + noise[0], -1.299, 5e-4);
  EXPECT_NEAR(std::log(q1[1]) + noise[1], 0.204, 5e-4);
  EXPECT_NEAR(std::log(q1[2]) + noise[2], -2.753, 5e-4);
  EXPECT_NEAR(std::log(q1[3]) + noise[3], -0.304, 5e-4);
}

TEST(SpeculativePage, Rejection) {
  const Law p = law_of(p1), q = law_of(q1);
  const std::array<std::pair<Token, double>, 4> chances = {{{0, 1}, {1, 0.75}, {2, 1}, {3, 0}}};
  Four law{};
  for (const auto& [token, chance] : chances) {
    Told told({false});
    const Guessed guess{token, &q};
    verify_place(p, {&guess, 1}, told);
    EXPECT_NEAR(told.asked.at(0), chance, kDigits);
    expect_near(told.drawn_from, {0.75, 0, 0.25, 0});
    const double drawn = q1.at(static_cast<std::size_t>(token));
    law.at(static_cast<std::size_t>(token)) += drawn * chance;
    for (std::size_t i = 0; i < 4; ++i) law[i] += drawn * (1 - chance) * told.drawn_from[i];
  }
  expect_near(law, p1);
}

struct Blocks {
  std::array<Law, 2> p = {law_of(p1), law_of(p2)};
  Law q = law_of(q1), second = law_of(q2);

  Verdict verify(Token first, Token next, Told& told) const {
    const std::array<Guessed, 2> guesses = {Guessed{first, &q}, Guessed{next, &second}};
    return verify_block(p, guesses, told);
  }
};

TEST(SpeculativePage, ABlockThatIsKeptForCertain) {
  Told told({false, true});
  EXPECT_EQ(Blocks().verify(b, b, told).kept, 2);
  EXPECT_NEAR(told.asked.at(1), 1, kDigits);
}

TEST(SpeculativePage, ABlockOfWhichTheFirstIsKept) {
  Told told({true, false});
  EXPECT_EQ(Blocks().verify(b, a, told).kept, 1);
  EXPECT_NEAR(told.asked.at(0), 4.0 / 9, kDigits);
  EXPECT_NEAR(told.asked.at(1), 0.3, kDigits);
  expect_near(told.drawn_from, {0, 1, 0, 0});
  Told none({false, false});
  EXPECT_EQ(Blocks().verify(b, a, none).kept, 0);
  expect_near(none.drawn_from, {0.75, 0, 0.25, 0});
}

// Over all drafts and everything that chance can do.
TEST(SpeculativePage, ABlockKeepsMoreAndTheSameLaw) {
  const Blocks blocks;
  double kept = 0;
  std::map<std::pair<std::size_t, std::size_t>, double> law;
  for (std::size_t x = 0; x < 4; ++x) {
    for (std::size_t y = 0; y < 4; ++y) {
      for (int way = 0; way < 4; ++way) {
        Told told({way % 2 == 1, way / 2 == 1});
        const Verdict verdict = blocks.verify(static_cast<Token>(x), static_cast<Token>(y), told);
        double weight = q1[x] * q2[y];
        for (std::size_t i = 0; i < 2; ++i) weight *= verdict.trials[i].kept ? told.asked[i] : 1 - told.asked[i];
        kept += weight * verdict.kept;
        if (verdict.kept == 2) law[{x, y}] += weight;
        for (std::size_t i = 0; i < 4; ++i) {
          if (verdict.kept == 1) law[{x, i}] += weight * told.drawn_from[i];
          if (verdict.kept > 0) continue;
          for (std::size_t j = 0; j < 4; ++j) law[{i, j}] += weight * told.drawn_from[i] * p2[j];
        }
      }
    }
  }
  EXPECT_NEAR(kept, 1.015, kDigits);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR((law[{i, j}]), p1[i] * p2[j], kDigits) << i << ' ' << j;
  }
}

}  // namespace
}  // namespace decant
