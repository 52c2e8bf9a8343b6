#include "drafters/grammar_forced.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "processors/grammar_constraint.h"
#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

// The texts of a list, byte by byte; token `never`, if any, may not come all the same.
class Words final : public Grammar {
 public:
  Words(const TableVocab& vocab, std::vector<std::string> words, std::string text = {}, Token never = -1)
      : vocab_(vocab), words_(std::move(words)), text_(std::move(text)), never_(never) {
    std::erase_if(words_, [this](const std::string& word) { return !word.starts_with(text_); });
    for (Token token = 0; token < vocab.size(); ++token) {
      const std::string_view bytes = vocab.bytes(token);
      allowed_.push_back(token != never_ && std::any_of(words_.begin(), words_.end(), [&](const std::string& word) {
                           return bytes.empty() ? word == text_ : word.starts_with(text_ + std::string(bytes));
                         }));
    }
  }

  const std::vector<bool>& allowed() const override { return allowed_; }
  std::string forced(std::size_t most) const override {
    std::string text = text_;
    while (text.size() - text_.size() < most && !words_.empty()) {
      const std::string longer = words_[0].substr(0, text.size() + 1);
      const bool is_only = std::all_of(words_.begin(), words_.end(), [&](const std::string& word) {
        return word.size() > text.size() && word.starts_with(longer);
      });
      if (!is_only) break;
      text = longer;
    }
    return text.substr(text_.size());
  }
  std::unique_ptr<const Grammar> after(Token token) const override {
    return std::make_unique<Words>(vocab_, words_, text_ + std::string(vocab_.bytes(token)), never_);
  }

 private:
  const TableVocab& vocab_;
  std::vector<std::string> words_;
  std::string text_;
  Token never_;
  std::vector<bool> allowed_;
};

// "ab! c!": the tokens, each with "!" where it is certain.
std::string forced(const TableVocab& vocab, std::vector<std::string> words, int most = 64) {
  std::string text;
  for (const ForcedToken& each : forced_tokens(Words(vocab, std::move(words)), vocab, most)) {
    text += (text.empty() ? "" : " ") + std::string(vocab.bytes(each.token)) + (each.is_certain ? "!" : "");
  }
  return text;
}

const TableVocab letters({"a", "b", "c", "d", "<end>"}, {4});
const TableVocab pieces({"a", "b", "c", "d", "ab", "abc", "cd", "<end>"}, {7});

TEST(GrammarForced, TheOnlyTokenIsCertain) {
  EXPECT_EQ(forced(letters, {"abcd"}), "a! b! c! d!");
  EXPECT_EQ(forced(letters, {"abcd", "abdc"}), "a! b!");
  EXPECT_EQ(forced(letters, {"abcd"}, 2), "a! b!");
  EXPECT_EQ(forced(letters, {"abcd"}, 0), "");
}

TEST(GrammarForced, AForcedTextIsWrittenAsTheTokenizerWritesIt) {
  EXPECT_EQ(forced(pieces, {"abcd"}), "abc d!") << "a and ab may come too; behind abc, d alone";
  EXPECT_EQ(forced(pieces, {"abdcd"}), "ab d! cd");
  EXPECT_EQ(forced(pieces, {"abca", "abcb"}), "abc");
  EXPECT_EQ(forced(pieces, {"abcd"}, 1), "abc");
}

TEST(GrammarForced, NothingIsForcedWhereTheTextMayEnd) {
  EXPECT_EQ(forced(letters, {"ab", "abcd"}), "a! b!");
  EXPECT_EQ(forced(letters, {"", "a"}), "");
  EXPECT_EQ(forced(pieces, {"ab", "abcd"}), "ab") << "not abc, which passes the end";
  EXPECT_EQ(forced(letters, {""}), "") << "the end is no text to draft";
}

TEST(GrammarForced, NothingIsForcedWhereTheTextIsFree) {
  EXPECT_EQ(forced(letters, {"ab", "ba"}), "");
  EXPECT_EQ(forced(letters, {}), "") << "nor where nothing may come";
}

// As a token with text does that ends the sequence.
TEST(GrammarForced, WhatMayNotComeEndsTheDraft) {
  const std::vector<std::string> words = {"cabcab"};
  const auto tokens = [&](Token never) { return forced_tokens(Words(pieces, words, "c", never), pieces, 64).size(); };
  EXPECT_EQ(tokens(-1), 2u) << "abc ab";
  EXPECT_EQ(tokens(5), 0u) << "abc may not come";
  EXPECT_EQ(tokens(4), 3u) << "abc, and a b, since ab may not";
}

TEST(GrammarForced, OneTokenOfManyTextsIsCertain) {
  const TableVocab vocab({"ab", "c", "<end>"}, {2});
  EXPECT_EQ(forced(vocab, {"abc", "ax"}), "ab! c!") << "no token has the other text";
}

TEST(GrammarForced, ATokenizerThatBeginsWithASpaceIsAskedBehindALine) {
  struct Spaced final : TableVocab {
    using TableVocab::TableVocab;
    std::vector<Token> tokenize(std::string_view text, bool special, bool bos) const override {
      return TableVocab::tokenize(" " + std::string(text), special, bos);
    }
  };
  const Spaced vocab({"a", "b", "ab", " ", " ab", "\n", "<end>"}, {6});
  EXPECT_EQ(forced(vocab, {"ababa", "ababb"}), "ab ab");
}

// Whatever is drafted may come, is certain exactly where one token may, and the draft ends where it must.
TEST(GrammarForced, IsTheDefinitionOnRandomLists) {
  int certain = 0, guessed = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    const auto integer = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const std::string common = std::string("abcdabdcabcabc").substr(static_cast<std::size_t>(integer(0, 13)));
    std::vector<std::string> words;
    for (int i = integer(1, 3); i > 0; --i) {
      words.push_back(common.substr(0, static_cast<std::size_t>(integer(0, 14))));
      for (int k = integer(0, 3); k > 0; --k) words.back() += static_cast<char>('a' + integer(0, 3));
    }
    std::unique_ptr<const Grammar> point = std::make_unique<Words>(pieces, words);
    const auto tokens = forced_tokens(*point, pieces, 64);
    for (const ForcedToken& each : tokens) {
      const auto allowed = point->allowed();
      ASSERT_TRUE(allowed[static_cast<std::size_t>(each.token)]) << seed;
      ASSERT_FALSE(pieces.bytes(each.token).empty()) << seed;
      ASSERT_EQ(each.is_certain, std::count(allowed.begin(), allowed.end(), true) == 1) << seed;
      const std::string text = point->forced(100);
      ASSERT_TRUE(each.is_certain || text.starts_with(pieces.bytes(each.token))) << seed;
      (each.is_certain ? certain : guessed) += 1;
      point = point->after(each.token);
    }
    ASSERT_EQ(point->forced(100), "") << seed;
    const auto& end = point->allowed();
    ASSERT_TRUE(std::count(end.begin(), end.end(), true) != 1 || end[7]) << seed;
  }
  EXPECT_GT(certain, 500);
  EXPECT_GT(guessed, 500);
}

// The way from a processor to its grammar.
TEST(GrammarForced, AConstraintKnowsItsPoint) {
  const GrammarConstraint constraint("grammar", std::make_shared<Words>(letters, std::vector<std::string>{"ab"}), "cd",
                                     &letters);
  StatePtr state = constraint.start();
  EXPECT_EQ(constraint.grammar(*state), nullptr) << "the healed bytes come first";
  state = constraint.next(*constraint.next(*state, 2, 0), 3, 0);
  ASSERT_NE(constraint.grammar(*state), nullptr);
  EXPECT_EQ(constraint.grammar(*state)->forced(9), "ab");
  EXPECT_EQ(constraint.grammar(*constraint.next(*state, 0, 0))->forced(9), "b");
}

// A Run whose text is one of these words, and what a drafter does in it.
struct InWords {
  explicit InWords(std::vector<std::string> words) : model({.n_vocab = 5, .max_sequences = 64}, random_table(5, 5)) {
    TableVocab vocab = letters;
    vocab.make_grammar = [words](std::span<const Token>) { return std::make_unique<Words>(letters, words); };
    model.set_vocab(vocab);
  }

  decant::RunStats write(const Pairs& options, Written& written) {
    Scheduler scheduler({&model});
    const auto run = start(scheduler, drafted_request(given(options), {0, 1}));
    scheduler.run();
    run->rethrow();
    written = written_by(*run);
    return run->stats();
  }

  TableModel model;
};

const Pairs::value_type steadily = {"num_assistant_tokens_schedule", "constant"};  // whatever a clock says

TEST(GrammarDrafter, SaysWhatIsForcedAtThePlaceOfTheText) {
  InWords words({"abcd", "abca"});
  Scheduler scheduler({&words.model});
  const Pairs options = {{"drafter", "grammar"}, {"grammar", "any"}};
  EXPECT_EQ(tokens_of(guesses_of(scheduler, given(options), {3, 3})), (std::vector<Token>{0, 1, 2}));
  EXPECT_EQ(guesses_of(scheduler, given(options), {3, 3}, 2).size(), 2u);
}

TEST(GrammarDrafter, WhatIsCertainIsKeptAndWrittenAtOnce) {
  InWords words({"abbbbbbbbbbabbbb", "bbbbbbbbbbbabbbb", "abbbbbbbbbbcbbbb"});
  Written plain, drafted;
  words.write({{"grammar", "any"}}, plain);
  const SpeculationStats stats =
      words.write({{"grammar", "any"}, {"speculate", "auto"}, steadily}, drafted).speculation;
  EXPECT_EQ(plain, drafted);
  ASSERT_EQ(stats.drafters.at(0).name, "grammar");
  EXPECT_EQ(stats.drafters[0].kept, stats.drafters[0].drafted);
  EXPECT_GE(stats.drafters[0].kept, 12);
  EXPECT_LE(stats.rounds, 5);
}

TEST(GrammarDrafter, SequencesHaveTheirOwnPlaces) {
  InWords words({"abcdabcd", "bbcddddd", "abcdaaaa", "dcbadcba"});
  const Pairs base = {{"grammar", "any"}, {"do_sample", "true"}, {"num_return_sequences", "6"}};
  Written plain, drafted;
  words.write(base, plain);
  const SpeculationStats stats = words.write(base + Pairs{{"drafter", "grammar"}, steadily}, drafted).speculation;
  EXPECT_EQ(plain, drafted);
  EXPECT_GT(stats.drafters.at(0).kept, 20);
}

}  // namespace
}  // namespace decant
