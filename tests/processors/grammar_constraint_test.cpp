#include "processors/grammar_constraint.h"

#include <functional>

#include "base/error.h"
#include "processors/support.h"
#include "support/table_model.h"

namespace decant {
namespace {

// a then any number of b, and c ends: tokens 0 a, 1 b, 2 c (the end).
class Abc final : public Grammar {
 public:
  enum Place { begin, middle, ended, dead };
  explicit Abc(Place place) : allowed_{place == begin, place == middle, place == middle || place == ended} {}

  const std::vector<bool>& allowed() const override { return allowed_; }
  std::unique_ptr<const Grammar> after(Token token) const override {
    if (token < 0 || token > 2 || !allowed_[token]) return std::make_unique<Abc>(dead);
    return std::make_unique<Abc>(token == 2 ? ended : middle);
  }

 private:
  std::vector<bool> allowed_;
};

const GrammarConstraint constraint("grammar", std::make_shared<Abc>(Abc::begin));
const Floats logits = {1, 2, 3};

Floats allowed_in(const StatePtr& state) { return after_in(Context{.state = state.get()}, constraint, logits); }

TEST(GrammarConstraint, RemovesWhatTheGrammarForbids) {
  EXPECT_EQ(constraint.name(), "grammar");
  EXPECT_EQ(allowed_in(nullptr), (Floats{1, -inf, -inf}));
  StatePtr state = constraint.start();
  EXPECT_EQ(allowed_in(state), (Floats{1, -inf, -inf}));
  state = constraint.next(*state, 0, 0);
  EXPECT_EQ(allowed_in(state), (Floats{-inf, 2, 3}));
  EXPECT_EQ(allowed_in(constraint.next(*state, 1, 0)), (Floats{-inf, 2, 3}));
}

TEST(GrammarConstraint, StatesBranchAndGoBack) {
  const StatePtr start = constraint.start(), one = constraint.next(*start, 0, 0);
  const StatePtr left = constraint.next(*one, 1, 0), right = constraint.next(*one, 2, 0);
  EXPECT_EQ(allowed_in(left), (Floats{-inf, 2, 3}));
  EXPECT_EQ(allowed_in(right), (Floats{-inf, -inf, 3}));
  EXPECT_EQ(allowed_in(one), (Floats{-inf, 2, 3}));
  EXPECT_EQ(allowed_in(start), (Floats{1, -inf, -inf}));
}

TEST(GrammarConstraint, ImpossibleTokensAndWhatIsBehindTheEndDoNotThrow) {
  const StatePtr start = constraint.start();
  for (const Token token : {1, 2, -1, 3, 1 << 30}) {
    const StatePtr dead = constraint.next(*start, token, 0);
    EXPECT_EQ(allowed_in(dead), (Floats{-inf, -inf, -inf})) << token;
    EXPECT_NO_THROW(constraint.next(*dead, 0, 0));
  }
  const StatePtr end = constraint.next(*constraint.next(*start, 0, 0), 2, 0);
  EXPECT_EQ(allowed_in(constraint.next(*end, 2, 0)), (Floats{-inf, -inf, 3}));
}

TEST(GrammarConstraint, RemovedTokensStayRemoved) {
  EXPECT_EQ(after_in({}, constraint, {-inf, 2, 3}), (Floats{-inf, -inf, -inf})) << "and the chain reports it";
}

// ---- behind healed bytes --------------------------------------------------------------------------------------------

// The texts that begin some word of a list, byte by byte; one of the list may end.
class Words final : public Grammar {
 public:
  Words(const testing::TableVocab& vocab, std::vector<std::string> words, std::string text)
      : vocab_(vocab), words_(std::move(words)), text_(std::move(text)) {
    for (Token token = 0; token < vocab.size(); ++token) {
      const std::string longer = text_ + std::string(vocab.bytes(token));
      const bool is_end = vocab.bytes(token).empty();
      allowed_.push_back(std::any_of(words_.begin(), words_.end(), [&](const std::string& word) {
        return is_end ? word == text_ : word.starts_with(longer);
      }));
    }
  }
  const std::vector<bool>& allowed() const override { return allowed_; }
  std::unique_ptr<const Grammar> after(Token token) const override {
    return std::make_unique<Words>(vocab_, words_, text_ + std::string(vocab_.bytes(token)));
  }

 private:
  const testing::TableVocab& vocab_;
  std::vector<std::string> words_;
  std::string text_;
  std::vector<bool> allowed_;
};

// The definition: of all token lists, those whose bytes are the healed ones and then a beginning of a word.
TEST(GrammarConstraint, TheTextBeginsBehindTheHealedBytes) {
  const testing::TableVocab vocab({"a", "b", "c", "ab", "bc", "abc", "cab", "<end>"}, {7});
  const std::vector<std::string> words = {"abc", "b", "caba", "ca"};
  for (const std::string healed : {"", "a", "ab", "ca"}) {
    const GrammarConstraint behind("grammar", std::make_shared<Words>(vocab, words, ""), healed, &vocab);
    int followed = 0;
    const std::function<void(const StatePtr&, const std::string&, int)> follow =
        [&](const StatePtr& state, const std::string& text, int depth) {
          const Floats scores = after_in(Context{.state = state.get()}, behind, Floats(8, 0));
          for (Token token = 0; token < 8; ++token) {
            const std::string longer = text + std::string(vocab.bytes(token));
            const bool is_end = vocab.bytes(token).empty();
            const bool expected = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
              return is_end ? healed + word == text : (healed + word).starts_with(longer);
            });
            ASSERT_EQ(scores[token] == 0, expected) << healed << "|" << text << "+" << vocab.piece(token);
            if (!expected || is_end || depth == 5) continue;
            ++followed;
            follow(behind.next(*state, token, 0), longer, depth + 1);
          }
        };
    follow(behind.start(), "", 0);
    EXPECT_GT(followed, 5);
  }
}

}  // namespace
}  // namespace decant
