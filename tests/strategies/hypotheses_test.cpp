#include "strategies/hypotheses.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

Hypotheses pool(int capacity, std::string early_stopping = "false", double length_penalty = 1) {
  GenerationConfig config;
  config.early_stopping = std::move(early_stopping);
  config.length_penalty = length_penalty;
  return Hypotheses(config, 10, 30, capacity);
}

Hypothesis of(double normalized, int node = 0) { return {.node = node, .normalized = normalized}; }

TEST(Hypotheses, KeepsTheBest) {
  Hypotheses best = pool(2);
  EXPECT_TRUE(best.add(of(-3, 1)));
  EXPECT_FALSE(best.full());
  EXPECT_TRUE(best.add(of(-1, 2)));
  EXPECT_TRUE(best.full());
  EXPECT_FALSE(best.add(of(-3, 3)));  // no better than what is there
  EXPECT_TRUE(best.add(of(-2, 4)));
  ASSERT_EQ(best.best().size(), 2u);
  EXPECT_EQ(best.best()[0].node, 2);
  EXPECT_EQ(best.best()[1].node, 4);
}

TEST(Hypotheses, Lengths) {
  GenerationConfig config;
  EXPECT_EQ(Hypotheses(config, 10, 30, 1).length(5, true), 5);
  config.normalize = "prompt";
  EXPECT_EQ(Hypotheses(config, 10, 30, 1).length(5, true), 14);
  EXPECT_EQ(Hypotheses(config, 10, 30, 1).length(5, false), 15);
  EXPECT_DOUBLE_EQ(pool(1, "false", 2).normalize(-8, 4), -0.5);
  EXPECT_DOUBLE_EQ(pool(1, "false", 0).normalize(-8, 4), -8);
  EXPECT_DOUBLE_EQ(pool(1, "false", -1).normalize(-8, 4), -32);
}

// A beam of sum -6 and 5 new tokens, of at most 20, against a pool whose worst is -1: now it is at -1.2, at the end it
// could be at -0.3.
TEST(Hypotheses, WhatABeamCanStillReach) {
  const auto with = [](std::string early_stopping, double length_penalty) {
    Hypotheses best = pool(1, std::move(early_stopping), length_penalty);
    EXPECT_TRUE(best.can_improve(-1e9, 1));  // while there is room, anything
    best.add(of(-1));
    return best;
  };
  EXPECT_FALSE(with("false", 1).can_improve(-6, 5));
  EXPECT_TRUE(with("false", 1).can_improve(-4, 5));
  EXPECT_TRUE(with("never", 1).can_improve(-6, 5));
  EXPECT_FALSE(with("never", 1).can_improve(-20, 5));  // -1 is no improvement
  EXPECT_FALSE(with("true", 1).can_improve(-1e-9, 5));
  EXPECT_FALSE(with("never", 0).can_improve(-6, 5));
  EXPECT_TRUE(with("never", -1).can_improve(-0.1, 5));
  EXPECT_FALSE(with("never", -1).can_improve(-0.3, 5));
}

// The bound is one of sums that can only fall.
TEST(Hypotheses, NeverKnowsNoBoundWhereScoresRise) {
  for (const double length_penalty : {-1.0, 0.0, 1.0, 2.0}) {
    for (const std::string early_stopping : {"false", "true", "never"}) {
      GenerationConfig config;
      config.early_stopping = early_stopping;
      config.length_penalty = length_penalty;
      Hypotheses best(config, 10, 30, 1, false);
      best.add(of(100));
      EXPECT_EQ(best.can_improve(-1000, 5), early_stopping == "never") << early_stopping << length_penalty;
      config.hf_compat = true;
      Hypotheses same(config, 10, 30, 1, false);
      same.add(of(100));
      EXPECT_FALSE(same.can_improve(-1000, 5));
    }
  }
}

}  // namespace
}  // namespace decant
