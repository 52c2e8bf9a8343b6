// 100,000 draws through each truncation against the exact law, which the reference works out; for the processors that
// remember, the law of whole texts, by enumeration. The draws are fixed: a test that passes once passes always.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "numerics/philox.h"
#include "processors/adaptive_p.h"
#include "processors/by_row.h"
#include "processors/mirostat.h"
#include "processors/support.h"
#include "support/chi_square.h"

namespace decant {
namespace {

constexpr int n_draws = 100000;
using Law = std::map<Tokens, double>;  // probability of each text
using Counts = std::map<Tokens, int>;

// How likely counts at least this far from the law are.
double p_value(const Counts& counts, const Law& law) {
  testing::ChiSquare test;
  for (const auto& [text, count] : counts) EXPECT_TRUE(law.contains(text)) << "impossible, and drawn " << count;
  for (const auto& [text, p] : law) {
    const auto found = counts.find(text);
    test.add(found == counts.end() ? 0 : found->second, p * n_draws);
  }
  return test.p_value();
}

double coin(int draw) { return uniform(11, static_cast<std::uint32_t>(draw), 0, Stream::processor); }

Token drawn(Scores& scores, int draw, int step) {
  const GumbelNoise noise(11, static_cast<std::uint32_t>(draw), static_cast<std::uint32_t>(step));
  return scores.race(1, noise).front().id;
}

const Floats logits = log_of({.05, .22, .02, .16, .09, .01, .12, .03, .14, .06, .07, .03});
constexpr double unlikely = 1e-6;

// ---- without memory -------------------------------------------------------------------------------------------------

using Rewrite = std::function<void(reference::Reference&)>;

Law law_of(const Rewrite& rewrite) {
  reference::Reference expected{logits};
  rewrite(expected);
  EXPECT_TRUE(expected.clear);
  const Doubles p = reference::softmax(expected.scores);
  Law law;
  for (std::size_t id = 0; id < p.size(); ++id) {
    if (p[id] > 0) law[{static_cast<Token>(id)}] = p[id];
  }
  return law;
}

Counts draws(Scores scores) {
  Counts counts;
  for (int i = 0; i < n_draws; ++i) ++counts[{drawn(scores, i, 0)}];
  return counts;
}

void follows_the_law(const Processor& processor, std::size_t kept, const Rewrite& rewrite) {
  SCOPED_TRACE(processor.name());
  const Law law = law_of(rewrite);
  EXPECT_EQ(law.size(), kept);
  for (Scores scores : {scores_of(logits), ranked_scores_of(logits)}) {
    processor(scores, {});
    EXPECT_GT(p_value(draws(scores), law), unlikely);
  }
}

TEST(SamplingLaw, Truncations) {
  follows_the_law(TopH(.6), 4, [](auto& r) { r.top_h(.6); });
  follows_the_law(TopK(5), 5, [](auto& r) { r.top_k(5); });
  follows_the_law(TopP(.85), 7, [](auto& r) { r.top_p(.85); });
  follows_the_law(MinP(.3), 6, [](auto& r) { r.min_p(.3); });
  follows_the_law(TypicalP(.7), 7, [](auto& r) { r.typical_p(.7); });
  follows_the_law(EpsilonCutoff(.055), 7, [](auto& r) { r.epsilon_cutoff(.055); });
  follows_the_law(EtaCutoff(.3), 7, [](auto& r) { r.eta_cutoff(.3); });
  follows_the_law(TopNSigma(1), 4, [](auto& r) { r.top_n_sigma(1); });
  follows_the_law(Xtc(1, .1), 9, [](auto& r) { r.xtc(.1); });
}

TEST(SamplingLaw, Temperatures) {
  follows_the_law(Temperature(.7), 12, [](auto& r) { r.temperature(.7); });
  follows_the_law(DynamicTemperature(1, .4, 1), 12, [](auto& r) { r.dynamic_temperature(1, .4, 1); });
}

// The law is a mixture: coin and token are drawn from streams of their own.
TEST(SamplingLaw, XtcWithItsCoin) {
  constexpr double probability = .4;
  Law law;
  for (const auto& [text, p] : law_of([](auto&) {})) law[text] += (1 - probability) * p;
  for (const auto& [text, p] : law_of([](auto& r) { r.xtc(.1); })) law[text] += probability * p;
  const Xtc xtc(probability, .1);
  Scores scores;
  Counts counts;
  for (int i = 0; i < n_draws; ++i) {
    scores.reset(logits);
    xtc(scores, Context{.u = coin(i)});
    ++counts[{drawn(scores, i, 0)}];
  }
  EXPECT_GT(p_value(counts, law), unlikely);
}

// A bent law is noticed: 1% of the mass in the wrong place.
TEST(SamplingLaw, TheTestCanFail) {
  Law law = law_of([](auto&) {});
  law.begin()->second += .01;
  law.rbegin()->second -= .01;
  EXPECT_LT(p_value(draws(scores_of(logits)), law), unlikely);
}

// ---- with memory: texts of three tokens -----------------------------------------------------------------------------

constexpr int length = 3;

Floats next_logits(const Tokens& text) {
  const auto last = static_cast<unsigned>(text.empty() ? 9 : text.back());
  return random_scores(10 * static_cast<unsigned>(text.size()) + last, {5, .7f});
}

Counts texts(const Processor& processor) {
  std::map<Tokens, Floats> rows;
  Counts counts;
  Scores scores;
  for (int i = 0; i < n_draws; ++i) {
    Tokens text;
    StatePtr state = processor.start();
    for (int step = 0; step < length; ++step) {
      Floats& row = rows[text];
      if (row.empty()) row = next_logits(text);
      scores.reset(row);
      processor(scores, Context{.tokens = text, .state = state.get()});
      text.push_back(drawn(scores, i, step));
      state = processor.next(*state, text.back(), processor.observe(scores, text.back()));
    }
    ++counts[text];
  }
  return counts;
}

// Adds the law of all texts that begin with `text`. What is remembered is one number here, changed by
// after(memory, p before the processor, p behind it).
struct Enumeration {
  std::function<void(reference::Reference&, double memory)> rewrite;
  std::function<double(double memory, double before, double behind)> after;
  Law law = {};

  void add(const Tokens& text, double p, double memory) {
    if (text.size() == length) {
      law[text] = p;
      return;
    }
    reference::Reference expected{next_logits(text)};
    const Doubles before = reference::softmax(expected.scores);
    rewrite(expected, memory);
    EXPECT_TRUE(expected.clear);
    const Doubles behind = reference::softmax(expected.scores);
    for (std::size_t id = 0; id < behind.size(); ++id) {
      if (behind[id] == 0) continue;
      Tokens longer = text;
      longer.push_back(static_cast<Token>(id));
      add(longer, p * behind[id], after(memory, before[id], behind[id]));
    }
  }
};

TEST(SamplingLaw, Mirostat) {
  constexpr double tau = 1.6, eta = .7;
  for (const int version : {1, 2}) {
    Enumeration all{.rewrite = [version](auto& r, double mu) { version == 1 ? r.mirostat_1(mu, 5) : r.mirostat_2(mu); },
                    .after = [](double mu, double, double behind) { return mu - eta * (-std::log2(behind) - tau); }};
    all.add({}, 1, 2 * tau);
    EXPECT_GT(all.law.size(), 15u);
    EXPECT_LT(all.law.size(), 125u);  // something was cut
    EXPECT_GT(p_value(texts(Mirostat(version, tau, eta, 5)), all.law), unlikely) << version;
  }
}

// The mean of what was chosen weighs 1/2, so that one number is enough: mean = (p + mean) / 2.
TEST(SamplingLaw, AdaptiveP) {
  constexpr double target = .4, decay = .5;
  Enumeration all{.rewrite = [](auto& r, double mean) { r.adaptive_p(target, mean); },
                  .after = [](double mean, double before, double) { return (before + mean) / 2; }};
  all.add({}, 1, target);
  EXPECT_EQ(all.law.size(), 125u);
  EXPECT_GT(p_value(texts(AdaptiveP(target, decay)), all.law), unlikely);
}

}  // namespace
}  // namespace decant
