#include "run/stop.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/error.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

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
  const std::vector<std::vector<std::string>> sets = {{"a"},          {"ab"},          {"aab"},         {"bab"},
                                                      {"abab", "bb"}, {"aabaab", "b"}, {"bbbb", "baba"}};
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

// All token lists below `last` in the tree, with every set of up to two strings.
void check_below(const Node& last, std::vector<Token>& tokens, const std::vector<std::string>& strings,
                 const StopRules& keeping, const StopRules& cutting, int depth) {
  for (Token token = 0; token < vocab().size(); ++token) {
    const Node node = last.child(token);
    tokens.push_back(token);
    for (const bool keep : {true, false}) {
      const Stop expected = oracle(strings, keep, tokens), found = (keep ? keeping : cutting).check(node, 0);
      ASSERT_EQ(found.reason, expected.reason);
      ASSERT_EQ(found.cut, expected.cut);
    }
    if (depth > 1) check_below(node, tokens, strings, keeping, cutting, depth - 1);
    tokens.pop_back();
  }
}

TEST(Stop, EveryTextOfFourTokensAndEveryPairOfShortStrings) {
  std::vector<std::string> all = {""};  // stands for "no second string"
  for (std::size_t i = 0; i < 7; ++i) {
    all.push_back(all[i] + "a");
    all.push_back(all[i] + "b");
  }
  ASSERT_EQ(all.size(), 15u);
  for (std::size_t i = 1; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      std::vector<std::string> strings = {all[i]};
      if (j > 0) strings.push_back(all[j]);
      GenerationConfig keep = with_stops(strings), cut = with_stops(strings, false);
      keep.ignore_eos = cut.ignore_eos = true;
      PrefixTree tree;
      std::vector<Token> tokens;
      check_below(tree.root(), tokens, strings, {keep, vocab(), 0, 100}, {cut, vocab(), 0, 100}, 4);
      if (HasFatalFailure()) FAIL() << all[i] << " " << all[j];
    }
  }
}

// "xy" + "abaab" + "zx", cut into tokens in each of the 256 ways, with a token without text at each or at no border.
TEST(Stop, EverySplitOfAStringIntoTokens) {
  const std::string text = "xyabaabzx", stop = "abaab";
  std::vector<std::string> pieces = {"<none>"};
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t size = 1; begin + size <= text.size(); ++size) pieces.push_back(text.substr(begin, size));
  }
  const TableVocab substrings(pieces, {0});
  const auto id = [&](const std::string& piece) {
    return static_cast<Token>(std::find(pieces.begin(), pieces.end(), piece) - pieces.begin());
  };
  GenerationConfig config = with_stops({stop}, false);
  config.ignore_eos = true;
  const StopRules rules(config, substrings, 0, 100);
  for (unsigned cuts = 0; cuts < 256; ++cuts) {
    for (const bool spaced : {false, true}) {
      PrefixTree tree;
      Node node = tree.root();
      std::size_t begin = 0;
      for (std::size_t end = 1; end <= text.size(); ++end) {
        if (end < text.size() && !(cuts >> (end - 1) & 1)) continue;
        node = node.child(id(text.substr(begin, end - begin)));
        const bool completes = begin < 7 && end >= 7;  // the token with the string's last byte
        const Stop found = rules.check(node, 0);
        EXPECT_EQ(found.reason, completes ? FinishReason::stop : FinishReason::running) << cuts << " " << begin;
        EXPECT_EQ(found.cut, completes ? end - 2 : 0) << cuts << " " << begin;
        if (spaced) {
          node = node.child(0);
          EXPECT_EQ(rules.check(node, 0).reason, FinishReason::running);
        }
        begin = end;
      }
    }
  }
}

TEST(Stop, AStringMayBeginInThePrompt) {
  const StopRules rules(with_stops({"abab"}, false), vocab(), 3, 1000);
  const Stop stop = check(rules, {1, 2, 0, 1});  // b ab a | b
  EXPECT_EQ(stop.reason, FinishReason::stop);
  EXPECT_EQ(stop.cut, 4u);                                              // three of these bytes are the prompt's
  EXPECT_EQ(check(rules, {2, 2, 0, 0}).reason, FinishReason::running);  // abab lies in the prompt
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

// The definition: the leftmost occurrence that ends behind the prompt's bytes, those that are healed among them, and
// behind those of the token before.
TEST(Stop, HealedBytesAreThePrompts) {
  std::mt19937 random(5);
  int stopped = 0, only_healed = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<Token> prompt(1 + random() % 3), written(1 + random() % 3);
    for (Token& token : prompt) token = static_cast<Token>(random() % 5);
    for (Token& token : written) token = static_cast<Token>(random() % 5);
    std::string bytes;
    for (const Token token : written) bytes += vocab().bytes(token);
    const std::size_t healed = random() % 4;
    const bool keep = trial % 2;
    const std::vector<std::string> strings = {std::vector<std::string>{"a", "ab", "bab", "aabb", "bb"}[random() % 5]};
    const StopRules rules(with_stops(strings, keep), vocab(), static_cast<int>(prompt.size()), 1000, healed);
    std::string text;
    for (const Token token : prompt) text += vocab().bytes(token);
    const std::size_t known = text.size() + healed;
    text += bytes;
    const std::size_t before = std::max(text.size() - vocab().bytes(written.back()).size(), known);
    Stop expected;
    for (std::size_t begin = 0; begin < text.size() && expected.reason == FinishReason::running; ++begin) {
      if (begin + strings[0].size() > before && text.compare(begin, strings[0].size(), strings[0]) == 0) {
        expected = {FinishReason::stop, keep ? 0 : text.size() - begin};
      }
    }
    std::vector<Token> all = prompt;
    all.insert(all.end(), written.begin(), written.end());
    const Stop found = check(rules, all);
    ASSERT_EQ(found.reason, expected.reason) << trial;
    ASSERT_EQ(found.cut, expected.cut) << trial;
    stopped += found.reason == FinishReason::stop;
    only_healed += found.reason != oracle(strings, keep, all).reason;
  }
  EXPECT_GT(stopped, 1000);
  EXPECT_GT(only_healed, 500);
}

TEST(Stop, TokensThatTheVocabularyLacks) {
  const auto rejected = [](auto change) {
    GenerationConfig config;
    change(config);
    EXPECT_THROW(StopRules(config, vocab(), 1, 100), Error);
  };
  rejected([](GenerationConfig& config) { config.stop_token_ids = {0, 6}; });
  rejected([](GenerationConfig& config) { config.stop_token_ids = {-1}; });
  rejected([](GenerationConfig& config) { config.eos_token_id = std::vector<int>{6}; });
}

// Each text ends for one more reason than the one before; the reported one is the most telling.
TEST(Stop, TheOrderOfReasons) {
  GenerationConfig config = with_stops({"b"}, false);
  config.max_new_tokens = 2;
  config.max_time = 1;
  config.stop_token_ids = {3};
  const StopRules rules(config, vocab(), 1, 2);
  EXPECT_EQ(check(rules, {0, 0}, 1).reason, FinishReason::time);
  EXPECT_EQ(check(rules, {0, 0, 0}, 1).reason, FinishReason::length);
  EXPECT_EQ(check(rules, {0, 0, 1}, 1).reason, FinishReason::stop);
  EXPECT_EQ(check(rules, {0, 0, 1}, 1).cut, 1u);
  EXPECT_EQ(check(rules, {0, 0, 3}, 1).reason, FinishReason::stop);
  EXPECT_EQ(check(rules, {0, 0, 3}, 1).cut, 0u);  // by its id: all of its text stays
  config.max_new_tokens = 100;
  EXPECT_EQ(check(StopRules(config, vocab(), 1, 2), {0, 0, 0}, 1).reason, FinishReason::context);
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

// ---- in a Run that writes a given text ------------------------------------------------------------------------------

Sequence write(GenerationConfig config, const std::vector<Token>& prompt, const std::vector<Token>& text,
               TableShape shape = {.n_vocab = 6}) {
  const Table table = [&](const std::vector<Token>& prefix) {
    std::vector<float> logits(6);
    const std::size_t at = prefix.size() - prompt.size();
    logits[static_cast<std::size_t>(at < text.size() ? text[at] : 0)] = 5;
    return logits;
  };
  TableModel model(shape, table);
  model.set_vocab(vocab());
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(std::move(config), prompt, greedy));
  scheduler.run();
  run->rethrow();
  return run->sequences()[0];
}

TEST(Stop, TheTextOfARunIsCut) {
  const std::vector<Token> text = {0, 2, 3, 4, 1, 1};  // a ab ba aab b b
  const auto bytes = [&](const char* stop, bool keep) { return write(with_stops({stop}, keep), {0}, text).bytes; };
  EXPECT_EQ(bytes("bba", true), "aabba");
  EXPECT_EQ(bytes("bba", false), "aa");
  EXPECT_EQ(bytes("bb", true), "aabba");  // whole tokens
  EXPECT_EQ(bytes("bb", false), "aa");
  EXPECT_EQ(bytes("baa", false), "aab");
  EXPECT_EQ(bytes("baaab", false), "aab");
  const Sequence begun = write(with_stops({"baab"}, false), {1}, text);  // its first byte is the prompt's
  EXPECT_EQ(begun.bytes, "");
  EXPECT_EQ(begun.ids, (std::vector<Token>{0, 2}));
  EXPECT_EQ(begun.finish, FinishReason::stop);
}

TEST(Stop, ARunEndsByLengthContextAndTime) {
  GenerationConfig config;
  config.max_length = 7;
  EXPECT_EQ(write(config, {1, 1, 1}, {}).ids.size(), 4u);
  EXPECT_EQ(write(config, {1, 1, 1}, {}).finish, FinishReason::length);
  const Sequence full = write({}, {1, 1, 1}, {}, {.n_vocab = 6, .n_cells = 64, .n_context = 10});
  EXPECT_EQ(full.ids.size(), 8u);  // ten tokens are read, the last one need not be
  EXPECT_EQ(full.finish, FinishReason::context);
  config.max_length.reset();
  config.max_time = 1e-9;
  EXPECT_EQ(write(config, {1, 1, 1}, {}).ids.size(), 1u);
  EXPECT_EQ(write(config, {1, 1, 1}, {}).finish, FinishReason::time);
}

TEST(Stop, TheEndOfSequenceTokenIsAnIdWithoutText) {
  const Sequence sequence = write({}, {1}, {0, 1, 5});
  EXPECT_EQ(sequence.ids, (std::vector<Token>{0, 1, 5}));
  EXPECT_EQ(sequence.bytes, "ab");
  EXPECT_EQ(sequence.finish, FinishReason::stop);
}

}  // namespace
}  // namespace decant
