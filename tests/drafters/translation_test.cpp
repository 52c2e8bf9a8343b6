#include "drafters/translation.h"

#include <gtest/gtest.h>

#include <random>

#include "support/table_model.h"

namespace decant {
namespace {

using testing::TableVocab;
using Tokens = std::vector<Token>;

// Long tokens and short ones over the same letters: longest match first.
TableVocab coarse() { return TableVocab({"a", "b", "ab", "abb", " ", " a", "<end>", "c"}, {6}); }
TableVocab fine() { return TableVocab({"<end>", "b", "a", " ", "ba", "c", "<bos>"}, {0, 6}); }

std::string text_of(const Vocab& vocab, std::span<const Token> tokens) {
  std::string text;
  for (const Token token : tokens) text += vocab.bytes(token);
  return text;
}

TEST(SameTokens, AreFoundByBytesAndControlTokensByName) {
  EXPECT_EQ(same_tokens(coarse(), fine()), (Tokens{2, 1, -1, -1, 3, -1, 0, 5}));
  EXPECT_EQ(same_tokens(fine(), coarse()), (Tokens{6, 1, 0, 4, -1, 7, -1}));
  const TableVocab twice({"a", "b", "a"});
  EXPECT_EQ(same_tokens(coarse(), twice)[0], 2) << "the last of several";
}

TEST(Translation, IsTheTextInOtherTokens) {
  const TableVocab from = coarse(), to = fine();
  const Tokens same = same_tokens(from, to);
  Translation translation(from, to, same);
  translation.follow(Tokens{2, 2});  // ab ab
  EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), (Tokens{2, 4, 1})) << "a ba b";
  translation.follow(Tokens{2, 2, 0});  // ab ab a: the last b becomes ba
  EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), (Tokens{2, 4, 4})) << "a ba ba";
}

TEST(Translation, ControlTokensStandApart) {
  const TableVocab from = coarse(), to = fine();
  const Tokens same = same_tokens(from, to);
  Translation translation(from, to, same);
  translation.follow(Tokens{1, 6, 0});  // b <end> a: no ba across it
  EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), (Tokens{1, 0, 2}));

  const TableVocab bare({"a", "b", "ba"});  // without it
  const Tokens none = same_tokens(from, bare);
  Translation other(from, bare, none);
  other.follow(Tokens{1, 6, 0});
  EXPECT_EQ(Tokens(other.tokens().begin(), other.tokens().end()), (Tokens{1, 0}));
}

// However a text grows, its tokens spell it, and behind the window they are what the tokenizer makes of the whole.
TEST(Translation, GrowsWithItsTextByAnySteps) {
  std::mt19937 random(7);
  const TableVocab from = coarse(), to = fine();
  const Tokens same = same_tokens(from, to);
  for (int round = 0; round < 300; ++round) {
    Translation translation(from, to, same);
    Tokens text;
    while (text.size() < 60) {
      for (unsigned n = random() % 4; n-- > 0;) text.push_back(static_cast<Token>(random() % 6));
      translation.follow(text);
      EXPECT_EQ(text_of(to, translation.tokens()), text_of(from, text));
      const Tokens whole = to.tokenize(text_of(from, text), false, false);
      EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), whole) << text_of(from, text);
    }
  }
}

// A vocabulary whose first token of any text has a space before it, as SentencePiece's.
class Spaced : public TableVocab {
 public:
  using TableVocab::TableVocab;
  Tokens tokenize(std::string_view text, bool special, bool add_bos) const override {
    return text.empty() ? Tokens() : TableVocab::tokenize(" " + std::string(text), special, add_bos);
  }
};

TEST(Translation, ASpaceThatATokenizerAddsStandsAtTheBeginningOnly) {
  const TableVocab from = coarse();
  const Spaced to({"a", "b", " a", " b", " ", "c"});
  const Tokens same = same_tokens(from, to);
  Translation translation(from, to, same);
  Tokens text;
  std::string wanted = " ";
  for (int i = 0; i < 40; ++i) {
    text.push_back(i % 3 == 0 ? 2 : i % 7 == 0 ? 4 : 0);
    translation.follow(text);
  }
  EXPECT_EQ(text_of(to, translation.tokens()), " " + text_of(from, text));
}

TEST(Translation, CharactersComeWhole) {
  const TableVocab from({"\xC3", "\xA9", "a"}), to({"a", "\xC3\xA9", "\xEF\xBF\xBD"});
  const Tokens same = same_tokens(from, to);
  Translation translation(from, to, same);
  translation.follow(Tokens{2, 0});
  EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), Tokens{0});
  EXPECT_EQ(translation.rest(), "\xC3");
  translation.follow(Tokens{2, 0, 1});
  EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), (Tokens{0, 1}));
  EXPECT_EQ(translation.rest(), "");
  translation.follow(Tokens{2, 0, 1, 1, 2});
  EXPECT_EQ(Tokens(translation.tokens().begin(), translation.tokens().end()), (Tokens{0, 1, 2, 0}))
      << "what is no character is read as U+FFFD";
}

// A vocabulary that has no token for some character.
class Lacking : public TableVocab {
 public:
  using TableVocab::TableVocab;
  Tokens tokenize(std::string_view text, bool special, bool add_bos) const override {
    if (text.find('c') != text.npos) throw Error(ErrorKind::data, "no token for c");
    return TableVocab::tokenize(text, special, add_bos);
  }
};

TEST(Translation, WhatAVocabularyLacksItCannotRead) {
  const TableVocab from = coarse();
  const Lacking to({"a", "b", " "});
  const Tokens same = same_tokens(from, to);
  Translation translation(from, to, same);
  translation.follow(Tokens{0, 1});
  EXPECT_TRUE(translation.is_readable());
  translation.follow(Tokens{0, 1, 7});
  EXPECT_FALSE(translation.is_readable());
}

// A tokenizer that drops what it does not know, as those of byte-level BPE do that lack a byte.
class Dropping : public TableVocab {
 public:
  using TableVocab::TableVocab;
  Tokens tokenize(std::string_view text, bool special, bool add_bos) const override {
    std::string known(text);
    std::erase(known, 'c');
    return TableVocab::tokenize(known, special, add_bos);
  }
};

TEST(Translation, BytesThatAreLostAreLeftOut) {
  const TableVocab from = coarse();
  const Dropping to({"a", "b", " ", "ba"});
  const Tokens same = same_tokens(from, to);
  Translation translation(from, to, same);
  translation.follow(Tokens{0, 7});                 // ac
  translation.follow(Tokens{0, 7, 0});              // aca
  translation.follow(Tokens{0, 7, 0, 1, 0, 1, 7});  // acababc
  translation.follow(Tokens{0, 7, 0, 1, 0, 1, 7, 0});
  EXPECT_EQ(text_of(to, translation.tokens()), "aababa");
}

TEST(Continuation, GoesOnBehindTheText) {
  const TableVocab vocab({"a", "b", "ab", "abb", " ", " a", "<end>", "."}, {6});
  EXPECT_EQ(continuation(vocab, Tokens{4}, "ab.", true), (Tokens{2, 7})) << "a full stop ends";
  EXPECT_EQ(continuation(vocab, Tokens{7}, "ab", true), Tokens()) << "ab may become abb";
  EXPECT_EQ(continuation(vocab, Tokens{7}, "ab", false), Tokens{2});
  EXPECT_EQ(continuation(vocab, Tokens{7}, "a ab", true), (Tokens{0, 5})) << "only the last may grow";
  EXPECT_EQ(continuation(vocab, Tokens{}, "ab ", true), (Tokens{2, 4}));
  EXPECT_EQ(continuation(vocab, Tokens{0}, "b.", true), (Tokens{1, 7})) << "the text has its a already";
  EXPECT_EQ(continuation(vocab, Tokens{0, 6}, "b.", true), (Tokens{1, 7})) << "behind a control token";
  EXPECT_EQ(continuation(vocab, Tokens{0}, "", true), Tokens());
}

// Where the text's last token is one that stays, the tokens depend on what is before them.
TEST(Continuation, IsCutWithTheTextBefore) {
  const Spaced vocab({"a", "b", " a", " b", " ", "ab"});
  EXPECT_EQ(continuation(vocab, Tokens{2}, "b", false), Tokens{1}) << "not a b with a space";
  EXPECT_EQ(continuation(vocab, Tokens{2}, " b", false), Tokens{3});
}

TEST(Continuation, LeavesOutACharacterThatIsNotComplete) {
  const TableVocab vocab({"a", "\xC3", "\xA9", "\xC3\xA9"});
  EXPECT_EQ(continuation(vocab, Tokens{0}, "a\xC3", false), Tokens{0});
  EXPECT_EQ(continuation(vocab, Tokens{0}, "a\xC3\xA9", false), (Tokens{0, 3}));
  EXPECT_EQ(continuation(vocab, Tokens{0, 1},
                         "\xA9"
                         "a",
                         false),
            (Tokens{2, 0}))
      << "begun in the text";
}

}  // namespace
}  // namespace decant
