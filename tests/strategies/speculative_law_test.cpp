// By rejection and as a block the law of the tokens is the target's: 100,000 of them, written with drafts, against it,
// for every text of two tokens before them. The draws are fixed: a test that passes once passes always.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "strategies/verify.h"
#include "support/chi_square.h"
#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

constexpr int n_draws = 100000;
constexpr double unlikely = 1e-6 / 10;  // of one test; there are fewer than ten

// What comes next hangs on what the last token is, modulo n_states.
struct Chances {
  int n_vocab, n_states;

  Table table(std::uint64_t seed, float scale) const {
    std::vector<std::vector<float>> rows;
    for (Token state = 0; state < n_states; ++state) {
      rows.push_back(random_table(n_vocab, seed)({state}));
      for (float& each : rows.back()) each *= scale;
    }
    return [rows](const std::vector<Token>& text) { return rows[static_cast<std::size_t>(text.back()) % rows.size()]; };
  }
};

// The target's law after a token, as the processors leave it: softmax of the likeliest that have the mass top_p.
std::vector<double> law_after(const Table& table, Token token, double top_p) {
  const std::vector<float> logits = table({token});
  std::vector<std::pair<double, std::size_t>> ranked;
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    ranked.emplace_back(std::exp(double{logits[i]}), i);
    total += ranked.back().first;
  }
  std::sort(ranked.rbegin(), ranked.rend());
  std::vector<double> p(logits.size());
  double before = 0, kept = 0;
  for (const auto& [weight, i] : ranked) {
    if (before >= top_p * total) break;
    p[i] = weight;
    before += weight;
    kept += weight;
  }
  for (double& each : p) each /= kept;
  return p;
}

// By (state of the token before the last, state of the last): how often each token followed.
using Counts = std::map<std::pair<Token, Token>, std::map<Token, int>>;

struct Counted {
  Counts counts;
  std::int64_t kept = 0, refused = 0;
};

Counted write(const Chances& chances, const Table& table, const Table& other, const Pairs& how) {
  const TableShape shape{.n_vocab = chances.n_vocab, .n_cells = 32, .max_sequences = 4};
  TableModel target(shape, table), draft(shape, other);
  Scheduler scheduler({&target, &draft});
  const int length = 25;
  Counted counted;
  for (int seed = 0; seed * length < n_draws; ++seed) {
    GenerationConfig config = given(how + Pairs{{"top_k", "0"}, {"max_new_tokens", std::to_string(length)}});
    config.seed = static_cast<std::uint64_t>(seed);
    std::vector<Token> text = {static_cast<Token>(seed % chances.n_vocab), static_cast<Token>(seed % 3)};
    const auto run = start(scheduler, drafted_request(config, text));
    scheduler.run();
    run->rethrow();
    for (const Token token : run->sequences()[0].ids) {
      const std::size_t n = text.size();
      ++counted.counts[{text[n - 2] % chances.n_states, text[n - 1] % chances.n_states}][token];
      text.push_back(token);
    }
    for (const auto& each : run->stats().speculation.drafters) {
      counted.kept += each.kept;
      counted.refused += each.drafted - each.kept;
    }
  }
  return counted;
}

double p_value(const Counts& counts, const Table& table, double top_p) {
  ChiSquare test;
  for (const auto& [states, its] : counts) {
    const std::vector<double> law = law_after(table, states.second, top_p);
    int total = 0;
    for (const auto& [token, count] : its) {
      EXPECT_GT(law[static_cast<std::size_t>(token)], 0) << "impossible, and drawn " << count;
      total += count;
    }
    for (std::size_t i = 0; i < law.size(); ++i) {
      const auto found = its.find(static_cast<Token>(i));
      if (law[i] > 0) test.add(found == its.end() ? 0 : found->second, law[i] * total);
    }
    test.end_group();
  }
  return test.p_value();
}

void expect_the_law(const Chances& chances, const Pairs& how) {
  const double top_p = 0.8;
  const Table table = chances.table(5, 0.5F), other = alike(table, chances.table(6, 0.5F), 0.7F);
  const Counted counted = write(chances, table, other, how + Pairs{{"top_p", "0.8"}});
  EXPECT_GT(p_value(counted.counts, table, top_p), unlikely) << ::testing::PrintToString(how);
  EXPECT_GT(counted.kept, n_draws / 50) << "or nothing was tried";
  EXPECT_GT(counted.refused, n_draws / 50);
}

constexpr Chances ten{10, 10}, hundred{100, 4};
const Pairs by_model = {{"assistant_model", "x"}, {"num_assistant_tokens", "3"}};
const Pairs by_lookup = {{"prompt_lookup_num_tokens", "3"}};

TEST(SpeculativeLaw, ByRejection) {
  for (const Chances& chances : {ten, hundred}) expect_the_law(chances, by_model + Pairs{{"verify", "rejection"}});
  expect_the_law(ten, by_lookup + Pairs{{"verify", "rejection"}});
}

TEST(SpeculativeLaw, AsABlock) {
  for (const Chances& chances : {ten, hundred}) expect_the_law(chances, by_model + Pairs{{"verify", "block"}});
  expect_the_law(ten, by_lookup + Pairs{{"verify", "block"}});
}

// ---- what such a test sees
// --------------------------------------------------------------------------------------------

// Accepts more often than it should.
class Lenient : public Chance {
 public:
  explicit Lenient(double more) : more_(more) {}
  bool happens(double probability) override { return uniform() < probability + more_; }
  Token pick(std::span<const std::pair<Token, double>> weights) override {
    double total = 0;
    for (const auto& each : weights) total += each.second;
    double left = uniform() * total;
    for (const auto& [token, weight] : weights) {
      if (left < weight) return token;
      left -= weight;
    }
    return weights.back().first;
  }

 private:
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(engine_); }
  double more_;
  std::mt19937_64 engine_{1};
};

// Guesses of a token that has the probability `rare`; all others are alike.
double p_value_of(Chance& chance, int n_vocab, double rare) {
  std::vector<float> logits(static_cast<std::size_t>(n_vocab),
                            static_cast<float>(std::log((1 - rare) / (n_vocab - 1))));
  logits[3] = static_cast<float>(std::log(rare));
  Scores scores;
  scores.reset(logits);
  const Law p(scores);
  const Guessed guess{3, nullptr};
  std::vector<int> counts(logits.size());
  for (int i = 0; i < n_draws; ++i) {
    const Verdict verdict = verify_place(p, {&guess, 1}, chance);
    ++counts[static_cast<std::size_t>(verdict.next < 0 ? guess.token : verdict.next)];
  }
  ChiSquare test;
  for (std::size_t i = 0; i < counts.size(); ++i) test.add(counts[i], n_draws * p.p(static_cast<Token>(i)));
  return test.p_value();
}

TEST(SpeculativeLaw, AnAcceptanceThatIsWrongBy5In1000IsSeen) {
  for (const auto& [n_vocab, rare] : {std::pair{10, .02}, {100, .01}}) {
    Lenient right(0), wrong(.005);
    EXPECT_GT(p_value_of(right, n_vocab, rare), unlikely);
    EXPECT_LT(p_value_of(wrong, n_vocab, rare), unlikely) << n_vocab;
  }
}

}  // namespace
}  // namespace decant
