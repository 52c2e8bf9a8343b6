#include "processors/token_healing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "processors/support.h"
#include "support/table_model.h"

namespace decant {
namespace {

using testing::TableVocab;

//                     0    1     2      3    4     5       6     7      8
const TableVocab vocab({"h", "ht", "http", ":", "://", "s://", "</s>", "tp", "/"}, {6});

Tokens allowed(const TokenHealing& healing, const StatePtr& state) {
  const Floats scores = after_in(Context{.state = state.get()}, healing, Floats(9, 0));
  Tokens result;
  for (Token token = 0; token < 9; ++token) {
    if (scores[token] > -inf) result.push_back(token);
  }
  return result;
}

TEST(Heal, TakesBackATokenThatOthersBeginWith) {
  Tokens prompt = {2, 3};
  EXPECT_EQ(heal(prompt, vocab), ":");
  EXPECT_EQ(prompt, Tokens{2});
}

TEST(Heal, LeavesWhatNothingBeginsWith) {
  for (const Tokens& before : {Tokens{3, 2}, Tokens{3, 4}, Tokens{3, 6}, Tokens{3}, Tokens{}}) {
    Tokens prompt = before;
    EXPECT_EQ(heal(prompt, vocab), "");
    EXPECT_EQ(prompt, before);
  }
}

TEST(TokenHealing, TheTextBeginsWithThePrefix) {
  const TokenHealing healing(":", vocab);
  EXPECT_EQ(healing.name(), "token_healing");
  EXPECT_EQ(allowed(healing, nullptr), (Tokens{3, 4}));
  const StatePtr start = healing.start();
  EXPECT_EQ(allowed(healing, start), (Tokens{3, 4}));
  EXPECT_EQ(allowed(healing, healing.next(*start, 4, 0)).size(), 9u);
}

TEST(TokenHealing, OneTokenHasAllOfThePrefix) {
  const TokenHealing healing("http", vocab);
  EXPECT_EQ(allowed(healing, healing.start()), Tokens{2});  // not "h", "ht"
}

TEST(TokenHealing, ThePrefixMayTakeSeveralTokensWhereNoneHasAllOfIt) {
  const TokenHealing healing("http", vocab);
  const auto without_whole = [&](const StatePtr& state) {
    Floats logits(9, 0);
    logits[2] = -inf;  // banned by another processor
    const Floats scores = after_in(Context{.state = state.get()}, healing, logits);
    Tokens result;
    for (Token token = 0; token < 9; ++token) {
      if (scores[token] > -inf) result.push_back(token);
    }
    return result;
  };
  const StatePtr start = healing.start();
  EXPECT_EQ(without_whole(start), (Tokens{0, 1}));
  const StatePtr two = healing.next(*start, 1, 0);
  EXPECT_EQ(allowed(healing, two), Tokens{7});
  EXPECT_EQ(allowed(healing, healing.next(*two, 7, 0)).size(), 9u);
  EXPECT_EQ(allowed(healing, healing.next(*start, 2, 0)).size(), 9u);
  EXPECT_EQ(without_whole(start), (Tokens{0, 1})) << "states do not change";
}

TEST(TokenHealing, NothingToHealDoesNothing) {
  const TokenHealing healing("", vocab);
  EXPECT_EQ(allowed(healing, healing.start()).size(), 9u);
}

// Against the definition: a token is allowed if the text with it begins with the prefix, or, where no token does that,
// if the prefix begins with that text.
RC_GTEST_PROP(TokenHealing, AllowsExactlyWhatKeepsToThePrefix, ()) {
  const auto word = rc::gen::container<std::string>(rc::gen::element('a', 'b'));
  const auto texts = *rc::gen::container<std::vector<std::string>>(9, word);
  const std::string prefix = *word;
  const TableVocab random(texts);
  const TokenHealing healing(prefix, random);
  StatePtr state = healing.start();
  std::string text;
  for (int step = 0; step < 6; ++step) {
    const Tokens found = allowed(healing, state);
    Tokens expected, parts;
    for (Token token = 0; token < 9; ++token) {
      const std::string longer = text + texts[token];
      if (text.size() >= prefix.size() || longer.starts_with(prefix)) {
        expected.push_back(token);
      } else if (!texts[token].empty() && prefix.starts_with(longer)) {
        parts.push_back(token);
      }
    }
    if (expected.empty()) expected = parts;
    RC_ASSERT(found == expected);
    if (found.empty()) return;
    const Token token = found[*rc::gen::inRange<std::size_t>(0, found.size())];
    text += texts[token];
    state = healing.next(*state, token, 0);
  }
}

}  // namespace
}  // namespace decant
