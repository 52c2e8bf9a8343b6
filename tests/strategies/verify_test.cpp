// The verifiers' laws, by enumeration: every draft that can be drawn, every way in which chance can go, with its
// probability. What comes out must be the target's own law, whatever the draft's is.
#include "strategies/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>

namespace decant {
namespace {

using Text = std::vector<Token>;

// Wide: among so many tokens that were cut that the Law is a list of the few.
Law law_of(const std::vector<double>& p, bool wide = false) {
  std::vector<float> logits;
  for (const double each : p) logits.push_back(each > 0 ? static_cast<float>(std::log(each)) : -INFINITY);
  if (wide) logits.resize(64, -INFINITY);
  Scores scores;
  scores.reset(logits);
  return Law(scores);
}

// As a Law holds them: rounded to floats.
std::vector<double> held(const std::vector<double>& p) {
  const Law law = law_of(p);
  std::vector<double> rounded;
  for (std::size_t i = 0; i < p.size(); ++i) rounded.push_back(law.p(static_cast<Token>(i)));
  return rounded;
}

// Takes the branches of a tree of chances one after the other: each call of explore() is one of them, with its weight.
class Branches : public Chance {
 public:
  bool happens(double probability) override {
    EXPECT_GE(probability, 0);
    EXPECT_LE(probability, 1 + 1e-12);
    const std::size_t way = take({probability, 1 - probability});
    return way == 0;
  }
  Token pick(std::span<const std::pair<Token, double>> weights) override {
    double total = 0;
    for (const auto& each : weights) total += each.second;
    EXPECT_GT(total, 0);
    std::vector<double> p;
    for (const auto& each : weights) p.push_back(each.second / total);
    return weights[take(p)].first;
  }
  // Any of the tokens, by p.
  Token draw(const std::vector<double>& p) { return static_cast<Token>(take(p)); }

  // f() for every branch of weight above 0.
  void explore(const std::function<void(double weight)>& f) {
    ways_.clear();
    do {
      at_ = 0;
      weight_ = 1;
      f_ = [&] { f(weight_); };
      f_();
    } while (next());
  }
  double weight() const { return weight_; }

 private:
  struct Way {
    std::vector<double> p;
    std::size_t chosen;
  };

  std::size_t take(std::vector<double> p) {
    if (at_ == ways_.size()) {
      ways_.push_back({std::move(p), 0});
      while (ways_.back().p[ways_.back().chosen] <= 0) ++ways_.back().chosen;
    }
    const Way& way = ways_[at_++];
    weight_ *= way.p[way.chosen];
    return way.chosen;
  }

  bool next() {
    ways_.resize(at_);
    while (!ways_.empty()) {
      Way& way = ways_.back();
      do {
        ++way.chosen;
      } while (way.chosen < way.p.size() && way.p[way.chosen] <= 0);
      if (way.chosen < way.p.size()) return true;
      ways_.pop_back();
    }
    return false;
  }

  std::vector<Way> ways_;
  std::size_t at_ = 0;
  double weight_ = 1;
  std::function<void()> f_;
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(engine_); }

  // With tokens of no probability now and then, and some of nearly all of it. What a Law holds of it is held().
  std::vector<double> law(int n, bool zeros = true) {
    std::vector<double> p;
    double total = 0;
    for (int i = 0; i < n; ++i) {
      const double weight = zeros && uniform() < 0.25 ? 0 : std::exp(3 * uniform());
      p.push_back(weight);
      total += weight;
    }
    if (total == 0) p[0] = total = 1;
    for (double& each : p) each /= total;
    return p;
  }

 private:
  std::mt19937 engine_;
};

void expect_law(const std::map<Text, double>& found, const std::map<Text, double>& wanted, double tolerance = 1e-12) {
  for (const auto& [text, p] : wanted) {
    const auto its = found.find(text);
    EXPECT_NEAR(its == found.end() ? 0 : its->second, p, tolerance) << testing::PrintToString(text);
  }
  double total = 0;
  for (const auto& each : found) total += each.second;
  EXPECT_NEAR(total, 1, 1e-9);
}

std::map<Text, double> texts_of(const std::vector<double>& p) {
  std::map<Text, double> texts;
  for (std::size_t i = 0; i < p.size(); ++i) texts[{static_cast<Token>(i)}] = p[i];
  return texts;
}

// ---- one place ------------------------------------------------------------------------------------------------------

// k guesses drawn without replacement from q, in the order of the draws; fewer where q has no more.
std::vector<Guessed> drawn(Branches& branches, const std::vector<double>& q, const Law& law, int k) {
  std::vector<Guessed> guesses;
  std::vector<double> left = q;
  for (int i = 0; i < k; ++i) {
    double total = 0;
    for (const double each : left) total += each;
    if (total < 1e-9) break;
    std::vector<double> p;
    for (const double each : left) p.push_back(each / total);
    const Token token = branches.draw(p);
    left[static_cast<std::size_t>(token)] = 0;
    guesses.push_back({token, &law});
  }
  return guesses;
}

Token written(const Verdict& verdict, std::span<const Guessed> guesses) {
  return verdict.next >= 0 ? verdict.next : guesses[static_cast<std::size_t>(verdict.kept - 1)].token;
}

// Guesses that some drafter makes, by the branches.
using Guesses = std::function<std::vector<Guessed>(Branches&)>;

std::map<Text, double> law_at_a_place(const Law& target, const Guesses& guess) {
  std::map<Text, double> found;
  Branches branches;
  branches.explore([&](double) {
    const std::vector<Guessed> guesses = guess(branches);
    const Token token = written(verify_place(target, guesses, branches), guesses);
    found[{token}] += branches.weight();
  });
  return found;
}

TEST(VerifyPlace, KeepsTheLawWhateverIsDrawn) {
  Random random(1);
  for (int n = 1; n <= 6; ++n) {
    for (int k = 1; k <= 3; ++k) {
      for (int round = 0; round < 12; ++round) {
        const std::vector<double> raw_p = random.law(n), raw_q = random.law(n), q = held(raw_q);
        const Law target = law_of(raw_p, round % 2 == 1), draft = law_of(raw_q, round % 3 == 1);
        EXPECT_EQ(target.is_sparse(), round % 2 == 1);
        SCOPED_TRACE(testing::Message() << n << " tokens, " << k << " guesses, round " << round);
        expect_law(law_at_a_place(target, [&](Branches& branches) { return drawn(branches, q, draft, k); }),
                   texts_of(held(raw_p)));
      }
    }
  }
}

// Drafter and target that have nothing in common, or all; a draft that has fewer tokens than it is to guess.
TEST(VerifyPlace, KeepsTheLawAtTheEdges) {
  const std::vector<double> laws[] = {{1, 0, 0, 0},     {0, 1, 0, 0},     {.5, .5, 0, 0},    {0, 0, .5, .5},
                                      {.7, .1, .1, .1}, {.1, .1, .1, .7}, {.25, .25, .5, 0}, {.997, .001, .001, .001}};
  for (const std::vector<double>& raw_p : laws) {
    for (const std::vector<double>& raw_q : laws) {
      for (int k = 1; k <= 4; ++k) {
        const Law target = law_of(raw_p), draft = law_of(raw_q);
        SCOPED_TRACE(testing::PrintToString(raw_p) + " by " + testing::PrintToString(raw_q));
        const std::vector<double> q = held(raw_q);
        expect_law(law_at_a_place(target, [&](Branches& branches) { return drawn(branches, q, draft, k); }),
                   texts_of(held(raw_p)));
      }
    }
  }
}

// A guess that was looked up, then drawn ones, then others that were looked up: some of them the same token.
TEST(VerifyPlace, KeepsTheLawOfGuessesOfBothKinds) {
  Random random(7);
  for (int round = 0; round < 40; ++round) {
    const int n = 3 + round % 4;
    const std::vector<double> raw_p = random.law(n), raw_q = random.law(n), q = held(raw_q);
    const Law target = law_of(raw_p), draft = law_of(raw_q);
    const auto guess = [&](Branches& branches) {
      std::vector<Guessed> guesses = {{static_cast<Token>(round % n), nullptr}};
      for (const Guessed& each : drawn(branches, q, draft, 2)) guesses.push_back(each);
      for (const int other : {round / 2, round / 3}) guesses.push_back({static_cast<Token>(other % n), nullptr});
      return guesses;
    };
    SCOPED_TRACE(round);
    expect_law(law_at_a_place(target, guess), texts_of(held(raw_p)));
  }
}

// A drafter's k likeliest tokens are no draws.
TEST(VerifyPlace, KeepsTheLawOfTheLikeliest) {
  Random random(8);
  for (int round = 0; round < 40; ++round) {
    const int n = 2 + round % 5, k = 1 + round % 3;
    const std::vector<double> raw_p = random.law(n), raw_q = random.law(n);
    std::vector<Guessed> likeliest;
    for (Token token = 0; token < n; ++token) likeliest.push_back({token, nullptr});
    std::stable_sort(likeliest.begin(), likeliest.end(), [&](const Guessed& a, const Guessed& b) {
      return raw_q[static_cast<std::size_t>(a.token)] > raw_q[static_cast<std::size_t>(b.token)];
    });
    likeliest.resize(static_cast<std::size_t>(std::min(k, n)));
    const Law target = law_of(raw_p, round % 2 == 1);
    double accepted = 0, listed = 0;
    Branches branches;
    branches.explore([&](double) {
      if (verify_place(target, likeliest, branches).kept > 0) accepted += branches.weight();
    });
    for (const Guessed& each : likeliest) listed += target.p(each.token);
    EXPECT_NEAR(accepted, listed, 1e-12) << "one of them is kept as often as the target writes one of them";
    expect_law(law_at_a_place(target, [&](Branches&) { return likeliest; }), texts_of(held(raw_p)));
  }
}

// What a trace says of a guess is what was asked of chance.
TEST(VerifyPlace, SaysWhatItDid) {
  const std::vector<double> raw_p = {.1, .2, .3, .4}, raw_q = {.4, .3, .2, .1};
  const Law target = law_of(raw_p), draft = law_of(raw_q);
  const Guessed guesses[] = {{0, &draft}, {1, &draft}};
  Branches branches;
  int ways = 0;
  branches.explore([&](double) {
    const Verdict verdict = verify_place(target, guesses, branches);
    ++ways;
    ASSERT_EQ(std::ssize(verdict.trials), verdict.kept == 1 ? 1 : 2);
    const Trial& first = verdict.trials[0];
    EXPECT_EQ(first.token, 0);
    EXPECT_NEAR(first.p, .1, 1e-6);
    EXPECT_NEAR(first.q, .4, 1e-6);
    EXPECT_NEAR(first.chance, .25, 1e-6);
    EXPECT_EQ(first.kept, verdict.kept == 1);
    if (verdict.kept == 1) return;
    // Left of p: 0, 0, .1, .3 of .4; of q: .3, .2, .1 of .6.
    EXPECT_NEAR(verdict.trials[1].p, 0, 1e-6);
    EXPECT_NEAR(verdict.trials[1].q, .5, 1e-6);
    EXPECT_FALSE(verdict.trials[1].kept);
    EXPECT_EQ(verdict.next, 3) << "of .25 and .75, less 1/3 and 1/6";
  });
  EXPECT_EQ(ways, 2);
}

TEST(VerifyPlace, KeepsTheLawOfGuessesThatWereNotDrawn) {
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    const int n = 2 + round % 5;
    const std::vector<double> raw = random.law(n);
    std::vector<Guessed> guesses;
    for (int i = 0; i < 1 + round % 3 && i < n; ++i)
      guesses.push_back({static_cast<Token>((i * 2 + round) % n), nullptr});
    expect_law(law_at_a_place(law_of(raw), [&](Branches&) { return guesses; }), texts_of(held(raw)));
  }
}

// The best that any coupling can do is 1 - TV(p, q).
TEST(VerifyPlace, AcceptsAsOftenAsItCan) {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    const std::vector<double> raw_p = random.law(5), raw_q = random.law(5), p = held(raw_p), q = held(raw_q);
    const Law target = law_of(raw_p), draft = law_of(raw_q);
    double accepted = 0, common = 0;
    Branches branches;
    branches.explore([&](double) {
      const std::vector<Guessed> guesses = drawn(branches, q, draft, 1);
      if (verify_place(target, guesses, branches).kept == 1) accepted += branches.weight();
    });
    for (std::size_t i = 0; i < p.size(); ++i) common += std::min(p[i], q[i]);
    EXPECT_NEAR(accepted, common, 1e-12);
  }
}

// ---- a block --------------------------------------------------------------------------------------------------------

// Target and draft of all texts up to a length.
struct Pair {
  int n, depth;
  std::map<Text, std::vector<double>> p, q;
  std::map<Text, Law> target, draft;

  Pair(Random& random, int tokens, int longest, bool zeros) : n(tokens), depth(longest) { fill(random, {}, zeros); }

  void fill(Random& random, const Text& text, bool zeros) {
    const std::vector<double> raw_p = random.law(n, zeros), raw_q = random.law(n, zeros);
    p[text] = held(raw_p);
    q[text] = held(raw_q);
    target.emplace(text, law_of(raw_p));
    draft.emplace(text, law_of(raw_q));
    if (std::ssize(text) == depth) return;
    for (Token token = 0; token < n; ++token) {
      Text longer = text;
      longer.push_back(token);
      fill(random, longer, zeros);
    }
  }

  std::map<Text, double> wanted() const {
    std::map<Text, double> texts;
    add(texts, {}, 1);
    return texts;
  }
  void add(std::map<Text, double>& texts, const Text& text, double weight) const {
    if (std::ssize(text) == depth + 1) {
      texts[text] += weight;
      return;
    }
    for (Token token = 0; token < n; ++token) {
      Text longer = text;
      longer.push_back(token);
      const double its = weight * p.at(text)[static_cast<std::size_t>(token)];
      if (its > 0) add(texts, longer, its);
    }
  }
};

using Ends = std::function<bool(const Pair&, const Text&)>;  // whether the draft stops with this text

// A chain of guesses, from the text's beginning on, and the target's distributions before them.
struct Chain {
  Text text = {};
  std::vector<Guessed> guesses = {};
  std::vector<Law> laws = {};
};

Chain chain_of(const Pair& pair, Branches& branches, const Ends& ends, bool points) {
  Chain chain;
  Text& text = chain.text;
  while (std::ssize(text) < pair.depth && (text.empty() || !ends(pair, text))) {
    chain.laws.push_back(pair.target.at(text));
    const std::vector<double>& q = pair.q.at(text);
    const auto likeliest = static_cast<Token>(std::max_element(q.begin(), q.end()) - q.begin());
    chain.guesses.push_back({points ? likeliest : branches.draw(q), points ? nullptr : &pair.draft.at(text)});
    text.push_back(chain.guesses.back().token);
  }
  return chain;
}

// The target goes on by itself, to a text of depth + 1 tokens.
Text written_on(const Pair& pair, Branches& branches, Text text) {
  while (std::ssize(text) <= pair.depth) text.push_back(branches.draw(pair.p.at(text)));
  return text;
}

// One round, and the rest by the target.
Text by_block(const Pair& pair, Branches& branches, const Ends& ends, bool points) {
  Chain chain = chain_of(pair, branches, ends, points);
  const Verdict verdict = verify_block(chain.laws, chain.guesses, branches);
  chain.text.resize(static_cast<std::size_t>(verdict.kept));
  if (verdict.next >= 0) chain.text.push_back(verdict.next);
  return written_on(pair, branches, std::move(chain.text));
}

// Its guesses one after the other, up to the first that is refused.
Verdict verify_chain(const Chain& chain, Branches& branches) {
  Verdict all;
  while (all.next < 0 && all.kept < std::ssize(chain.guesses)) {
    const auto at = static_cast<std::size_t>(all.kept);
    const Verdict verdict = verify_place(chain.laws[at], std::span(chain.guesses).subspan(at, 1), branches);
    all.kept += verdict.kept;
    all.next = verdict.next;
  }
  return all;
}

Text by_place(const Pair& pair, Branches& branches, const Ends& ends, bool points) {
  Chain chain = chain_of(pair, branches, ends, points);
  const Verdict verdict = verify_chain(chain, branches);
  chain.text.resize(static_cast<std::size_t>(verdict.kept));
  if (verdict.next >= 0) chain.text.push_back(verdict.next);
  return written_on(pair, branches, std::move(chain.text));
}

using Round = Text (*)(const Pair&, Branches&, const Ends&, bool points);

void expect_the_law(Round round, unsigned seed, int n, int depth, bool zeros, const Ends& ends, bool points) {
  Random random(seed);
  const Pair pair(random, n, depth, zeros);
  std::map<Text, double> found;
  Branches branches;
  branches.explore([&](double) {
    const Text text = round(pair, branches, ends, points);
    found[text] += branches.weight();
  });
  SCOPED_TRACE(testing::Message() << n << " tokens, draft of " << depth << ", seed " << seed);
  expect_law(found, pair.wanted());
}

void expect_block_keeps_the_law(unsigned seed, int n, int depth, bool zeros, const Ends& ends, bool points) {
  expect_the_law(by_block, seed, n, depth, zeros, ends, points);
}

const Ends never_ends = [](const Pair&, const Text&) { return false; };
const Ends ends_with_0 = [](const Pair&, const Text& text) { return text.back() == 0; };
// assistant_confidence_threshold
const Ends ends_unsure = [](const Pair& pair, const Text& text) {
  return pair.q.at(Text(text.begin(), text.end() - 1))[static_cast<std::size_t>(text.back())] < .3;
};

TEST(VerifyBlock, KeepsTheLaw) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    expect_block_keeps_the_law(seed, 2, 3, seed % 2 == 0, never_ends, false);
    expect_block_keeps_the_law(seed, 3, 2, seed % 2 == 0, never_ends, false);
    expect_block_keeps_the_law(seed, 5, 1, seed % 2 == 0, never_ends, false);
  }
  // The least in which a residual without P_tau shows.
  for (unsigned seed = 1; seed <= 3; ++seed) expect_block_keeps_the_law(seed, 4, 3, false, never_ends, false);
}

TEST(VerifyBlock, KeepsTheLawOfDraftsThatEndWhereTheyLike) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    for (const Ends& ends : {ends_with_0, ends_unsure}) {
      expect_block_keeps_the_law(seed, 3, 3, seed % 2 == 0, ends, false);
      expect_block_keeps_the_law(seed, 2, 3, seed % 2 == 0, ends, true);
    }
  }
  expect_block_keeps_the_law(5, 4, 3, true, ends_unsure, false);
}

TEST(VerifyBlock, KeepsTheLawOfGuessesThatWereNotDrawn) {
  for (unsigned seed = 1; seed <= 6; ++seed) expect_block_keeps_the_law(seed, 3, 3, seed % 2 == 0, never_ends, true);
}

// How often so many are kept.
std::map<int, double> kept_by(const Pair& pair, bool as_block, bool points) {
  std::map<int, double> kept;
  Branches branches;
  branches.explore([&](double) {
    const Chain chain = chain_of(pair, branches, never_ends, points);
    const Verdict verdict =
        as_block ? verify_block(chain.laws, chain.guesses, branches) : verify_chain(chain, branches);
    kept[verdict.kept] += branches.weight();
  });
  return kept;
}

double mean(const std::map<int, double>& kept) {
  double sum = 0;
  for (const auto& [n, p] : kept) sum += n * p;
  return sum;
}

// Never fewer than place by place (Sun et al., theorem 2), and mostly more.
TEST(VerifyBlock, KeepsMoreThanPlaceByPlace) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    const Pair pair(random, 3, 2, false);
    EXPECT_GT(mean(kept_by(pair, true, false)), mean(kept_by(pair, false, false)) + 1e-3);
  }
}

// Of guesses that were not drawn it keeps what place by place keeps.
TEST(VerifyBlock, EqualsPlaceByPlaceForGuessesThatWereNotDrawn) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    Random random(seed);
    const Pair pair(random, 4, 3, seed % 2 == 0);
    const std::map<int, double> block = kept_by(pair, true, true);
    std::map<int, double> place = kept_by(pair, false, true);
    for (const auto& [n, p] : block) EXPECT_NEAR(p, std::exchange(place[n], 0), 1e-12) << n;
    for (const auto& [n, p] : place) EXPECT_EQ(p, 0) << n;
  }
}

// ---- chains and trees, place by place
// ---------------------------------------------------------------------------------

TEST(VerifyPlace, KeepsTheLawOfChains) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    for (const Ends& ends : {never_ends, ends_with_0, ends_unsure}) {
      expect_the_law(by_place, seed, 2, 3, seed % 2 == 0, ends, false);
      expect_the_law(by_place, seed, 3, 3, seed % 2 == 0, ends, false);
      expect_the_law(by_place, seed, 3, 3, seed % 2 == 0, ends, true);
    }
  }
  expect_the_law(by_place, 5, 4, 3, false, never_ends, false);
}

// A whole tree is drawn before anything is verified: at every guess some children, without replacement.
struct Tree {
  std::map<Text, std::vector<Guessed>> children;

  Tree(const Pair& pair, Branches& branches, int k) { grow(pair, branches, k, {}); }
  void grow(const Pair& pair, Branches& branches, int k, const Text& text) {
    if (std::ssize(text) == pair.depth) return;
    children[text] = drawn(branches, pair.q.at(text), pair.draft.at(text), k);
    const std::vector<Guessed> guessed = children[text];
    for (const Guessed& each : guessed) {
      Text longer = text;
      longer.push_back(each.token);
      grow(pair, branches, k, longer);
    }
  }
};

TEST(VerifyPlace, KeepsTheLawOfTrees) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    const int k = 1 + static_cast<int>(seed % 3);
    const Pair pair(random, k == 3 ? 2 : 3, 2, seed % 2 == 0);
    std::map<Text, double> found;
    Branches branches;
    branches.explore([&](double) {
      const Tree tree(pair, branches, k);
      Text text;
      for (bool goes_on = true; goes_on && tree.children.contains(text);) {
        const std::vector<Guessed>& guesses = tree.children.at(text);
        const Verdict verdict = verify_place(pair.target.at(text), guesses, branches);
        text.push_back(written(verdict, guesses));
        goes_on = verdict.kept > 0;
      }
      text = written_on(pair, branches, std::move(text));
      found[text] += branches.weight();
    });
    SCOPED_TRACE(seed);
    expect_law(found, pair.wanted());
  }
}

}  // namespace
}  // namespace decant
