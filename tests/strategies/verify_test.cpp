// The verifiers' laws, by enumeration: every draft that can be drawn, every way in which chance can go, with its
// probability. What comes out must be the target's own law, whatever the draft's is.
#include "strategies/verify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <random>

namespace decant {
namespace {

using Text = std::vector<Token>;

Law law_of(const std::vector<double>& p) {
  std::vector<float> logits;
  for (const double each : p) logits.push_back(each > 0 ? static_cast<float>(std::log(each)) : -INFINITY);
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

TEST(VerifyPlace, KeepsTheLawWhateverIsDrawn) {
  Random random(1);
  for (int n = 1; n <= 6; ++n) {
    for (int k = 1; k <= 3; ++k) {
      for (int round = 0; round < 12; ++round) {
        const std::vector<double> raw_p = random.law(n), raw_q = random.law(n), p = held(raw_p), q = held(raw_q);
        const Law target = law_of(raw_p), draft = law_of(raw_q);
        std::map<Text, double> found;
        Branches branches;
        branches.explore([&](double) {
          const std::vector<Guessed> guesses = drawn(branches, q, draft, k);
          const Verdict verdict = verify_place(target, guesses, branches);
          const Token token =
              verdict.next >= 0 ? verdict.next : guesses[static_cast<std::size_t>(verdict.kept - 1)].token;
          found[{token}] += branches.weight();
        });
        SCOPED_TRACE(testing::Message() << n << " tokens, " << k << " guesses, round " << round);
        expect_law(found, texts_of(p));
      }
    }
  }
}

TEST(VerifyPlace, KeepsTheLawOfGuessesThatWereNotDrawn) {
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    const int n = 2 + round % 5;
    const std::vector<double> raw = random.law(n), p = held(raw);
    const Law target = law_of(raw);
    std::vector<Guessed> guesses;
    for (int i = 0; i < 1 + round % 3 && i < n; ++i)
      guesses.push_back({static_cast<Token>((i * 2 + round) % n), nullptr});
    std::map<Text, double> found;
    Branches branches;
    branches.explore([&](double) {
      const Verdict verdict = verify_place(target, guesses, branches);
      const Token token = verdict.next >= 0 ? verdict.next : guesses[static_cast<std::size_t>(verdict.kept - 1)].token;
      found[{token}] += branches.weight();
    });
    expect_law(found, texts_of(p));
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

using Ends = std::function<bool(const Text&)>;  // whether the draft stops with this text

// One round; then the target goes on by itself, to a text of depth + 1 tokens.
Text one_round(const Pair& pair, Branches& branches, const Ends& ends, bool points) {
  Text text;
  std::vector<Guessed> guesses;
  std::vector<Law> laws;
  while (std::ssize(guesses) < pair.depth && (text.empty() || !ends(text))) {
    laws.push_back(pair.target.at(text));
    const std::vector<double>& q = pair.q.at(text);
    const auto likeliest = static_cast<Token>(std::max_element(q.begin(), q.end()) - q.begin());
    guesses.push_back({points ? likeliest : branches.draw(q), points ? nullptr : &pair.draft.at(text)});
    text.push_back(guesses.back().token);
  }
  const Verdict verdict = verify_block(laws, guesses, branches);
  text.resize(static_cast<std::size_t>(verdict.kept));
  if (verdict.next >= 0) text.push_back(verdict.next);
  while (std::ssize(text) <= pair.depth) text.push_back(branches.draw(pair.p.at(text)));
  return text;
}

void expect_block_keeps_the_law(unsigned seed, int n, int depth, bool zeros, const Ends& ends, bool points) {
  Random random(seed);
  const Pair pair(random, n, depth, zeros);
  std::map<Text, double> found;
  Branches branches;
  branches.explore([&](double) {
    const Text text = one_round(pair, branches, ends, points);
    found[text] += branches.weight();
  });
  SCOPED_TRACE(testing::Message() << n << " tokens, draft of " << depth << ", seed " << seed);
  expect_law(found, pair.wanted());
}

const Ends never_ends = [](const Text&) { return false; };

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
  const Ends with_token_0 = [](const Text& text) { return text.back() == 0; };
  for (unsigned seed = 1; seed <= 6; ++seed) expect_block_keeps_the_law(seed, 3, 3, false, with_token_0, false);
}

TEST(VerifyBlock, KeepsTheLawOfGuessesThatWereNotDrawn) {
  for (unsigned seed = 1; seed <= 6; ++seed) expect_block_keeps_the_law(seed, 3, 3, seed % 2 == 0, never_ends, true);
}

// Never fewer than place by place (Sun et al., theorem 2).
TEST(VerifyBlock, KeepsMoreThanPlaceByPlace) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    const Pair pair(random, 3, 2, false);
    double by_block = 0, by_place = 0;
    Branches branches;
    const auto draft = [&](std::vector<Guessed>& guesses, std::vector<Law>& laws) {
      Text text;
      for (int i = 0; i < 2; ++i) {
        laws.push_back(pair.target.at(text));
        guesses.push_back({branches.draw(pair.q.at(text)), &pair.draft.at(text)});
        text.push_back(guesses.back().token);
      }
    };
    branches.explore([&](double) {
      std::vector<Guessed> guesses;
      std::vector<Law> laws;
      draft(guesses, laws);
      const int kept = verify_block(laws, guesses, branches).kept;
      by_block += branches.weight() * kept;
    });
    branches.explore([&](double) {
      std::vector<Guessed> guesses;
      std::vector<Law> laws;
      draft(guesses, laws);
      int kept = 0;
      while (kept < 2 && verify_place(laws[static_cast<std::size_t>(kept)],
                                      std::span(guesses).subspan(static_cast<std::size_t>(kept), 1), branches)
                                 .kept == 1)
        ++kept;
      by_place += branches.weight() * kept;
    });
    EXPECT_GE(by_block, by_place - 1e-12);
  }
}

}  // namespace
}  // namespace decant
