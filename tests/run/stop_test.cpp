#include "run/stop.h"

#include <gtest/gtest.h>

#include <random>

#include "support/table_model.h"

namespace decant {
namespace {

using testing::TableVocab;

// "a" "b" "ab" "ba" "aab" and a control token without text.
const TableVocab& vocab() {
  static const TableVocab made({"a", "b", "ab", "ba", "aab", "<eos>"}, {5});
  return made;
}

Stop check(const StopRules& rules, const std::vector<Token>& tokens, double seconds = 0) {
  PrefixTree tree;
  Node node = tree.root();
  for (const Token token : tokens) node = node.child(token);
  return rules.check(node, seconds);
}

GenerationConfig with_stops(std::vector<std::string> strings, bool keep = true) {
  GenerationConfig config;
  config.stop_strings = std::move(strings);
  config.include_stop_str_in_output = keep;
  return config;
}

// The definition: the leftmost occurrence of any stop string that ends inside the last token's bytes.
Stop oracle(const std::vector<std::string>& strings, bool keep, const std::vector<Token>& tokens) {
  std::string text;
  for (const Token token : tokens) text += vocab().bytes(token);
  const std::size_t before = text.size() - vocab().bytes(tokens.back()).size();
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (const std::string& each : strings) {
      if (begin + each.size() > before && text.compare(begin, each.size(), each) == 0) {
        return {FinishReason::stop, keep ? 0 : text.size() - begin};
      }
    }
  }
  return {};
}

TEST(Stop, StringsAgainstTheDefinition) {
  const std::vector<std::vector<std::string>> sets = {{"a"}, {"ab"}, {"aab"}, {"bab"}, {"abab", "bb"}, {"aabaab", "b"}, {"bbbb", "baba"}};
  std::mt19937 random(3);
  for (const auto& strings : sets) {
    for (const bool keep : {true, false}) {
      const StopRules rules(with_stops(strings, keep), vocab(), 0, 1000);
      int stopped = 0;
      for (int trial = 0; trial < 3000; ++trial) {
        std::vector<Token> tokens(1 + random() % 7);
        for (Token& token : tokens) token = static_cast<Token>(random() % 5);
        if (trial % 4 == 0 && tokens.size() > 2) tokens[tokens.size() / 2] = 5;  // no bytes in the middle
        if (tokens.back() == 5) continue;
        const Stop expected = oracle(strings, keep, tokens), found = check(rules, tokens);
        ASSERT_EQ(found.reason, expected.reason);
        ASSERT_EQ(found.cut, expected.cut);
        stopped += found.reason == FinishReason::stop;
      }
      EXPECT_GT(stopped, 100);
    }
  }
}

TEST(Stop, AStringAcrossFourTokens) {
  const StopRules rules(with_stops({"bbaab"}, false), vocab(), 0, 1000);
  EXPECT_EQ(check(rules, {0, 1, 1, 0}).reason, FinishReason::running);
  const Stop stop = check(rules, {0, 1, 1, 0, 2, 1});  // a b b a ab b: complete one token ago, so not now
  EXPECT_EQ(stop.reason, FinishReason::running);
  EXPECT_EQ(check(rules, {0, 1, 1, 0, 2}).cut, 5u);
}

TEST(Stop, ATokenWithoutTextCompletesNothing) {
  GenerationConfig config = with_stops({"ab"});
  config.ignore_eos = true;
  const StopRules rules(config, vocab(), 0, 1000);
  EXPECT_EQ(check(rules, {0, 1, 5}).reason, FinishReason::running);
  EXPECT_EQ(check(rules, {0, 5, 1}).reason, FinishReason::stop);
}

TEST(Stop, Tokens) {
  GenerationConfig config;
  config.stop_token_ids = {3};
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 3}).reason, FinishReason::stop);
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 5}).reason, FinishReason::stop);
  config.eos_token_id = std::vector<int>{1, 2};
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 5}).reason, FinishReason::running);
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 2}).reason, FinishReason::stop);
  config.ignore_eos = true;
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 2}).reason, FinishReason::running);
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 3}).reason, FinishReason::stop);
}

TEST(Stop, Lengths) {
  GenerationConfig config;
  config.max_new_tokens = 2;
  EXPECT_EQ(check(StopRules(config, vocab(), 2, 100), {0, 0, 0}).reason, FinishReason::running);
  EXPECT_EQ(check(StopRules(config, vocab(), 2, 100), {0, 0, 0, 0}).reason, FinishReason::length);
  config.max_length = 3;
  EXPECT_EQ(check(StopRules(config, vocab(), 2, 100), {0, 0, 0}).reason, FinishReason::length);
}

TEST(Stop, TheDefaultOfMaxNewTokensDoesNotCutAMaxLength) {
  GenerationConfig config;
  EXPECT_EQ(max_length(config, 10), 266);
  config.max_length = 1000;
  EXPECT_EQ(max_length(config, 10), 1000);
  config.max_new_tokens = 5;
  EXPECT_EQ(max_length(config, 10), 15);
  config.max_new_tokens = std::numeric_limits<int>::max();
  EXPECT_EQ(max_length(config, 10), 1000);
}

TEST(Stop, TheContextAndTheClock) {
  GenerationConfig config;
  const StopRules rules(config, vocab(), 1, 3);
  EXPECT_EQ(check(rules, {0, 0, 0}).reason, FinishReason::running);
  EXPECT_EQ(check(rules, {0, 0, 0, 0}).reason, FinishReason::context);
  config.max_time = 1.5;
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 0}, 1.4).reason, FinishReason::running);
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 100), {0, 0}, 1.5).reason, FinishReason::time);
}

}  // namespace
}  // namespace decant
