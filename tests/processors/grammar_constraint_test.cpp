#include "processors/grammar_constraint.h"

#include "base/error.h"
#include "processors/support.h"

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

}  // namespace
}  // namespace decant
