
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

GenerationConfig contrastive(double alpha, int k, int n = 12) {
  GenerationConfig config = greedy_config(n);
  config.penalty_alpha = alpha;
  config.top_k = k;
  return config;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

std::vector<double> softmax(const std::vector<float>& logits) {
  std::vector<double> p(logits.begin(), logits.end());
  double total = 0;
  for (double& each : p) total += each = std::exp(each);
  for (double& each : p) each /= total;
  return p;
}

// The paper's formula, every hidden state computed afresh for every candidate. `processed`: what comes before softmax.
std::vector<Token> oracle(const TableModel& model, std::vector<Token> text, double alpha, int k, int n,
                          const Table& processed) {
  const std::size_t n_prompt = text.size();
  while (std::ssize(text) < static_cast<std::ptrdiff_t>(n_prompt) + n) {
    const std::vector<double> p = softmax(processed(text));
    std::vector<Token> ranked(p.size());
    for (std::size_t i = 0; i < ranked.size(); ++i) ranked[i] = static_cast<Token>(i);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [&](Token a, Token b) { return p[static_cast<std::size_t>(a)] > p[static_cast<std::size_t>(b)]; });
    ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(k)));
    Token best = -1;
    double best_score = -1e9;
    for (const Token v : ranked) {
      std::vector<Token> longer = text;
      longer.push_back(v);
      double most = -1;
      for (std::size_t j = 1; j <= text.size(); ++j) {
        const std::vector<Token> past(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(j));
        most = std::max(most, cosine(model.hidden_after(longer), model.hidden_after(past)));
      }
      const double score = (1 - alpha) * p[static_cast<std::size_t>(v)] - alpha * most;
      if (score > best_score) {
        best = v;
        best_score = score;
      }
    }
    text.push_back(best);
  }
  return {text.begin() + static_cast<std::ptrdiff_t>(n_prompt), text.end()};
}

TEST(ContrastiveSearch, IsTheFormula) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Table table = random_table(8, seed);
    const TableModel model({}, table);
    for (const double alpha : {0.1, 0.5, 0.6, 0.9, 1.0}) {
      for (const int k : {2, 4, 5, 50}) {
        EXPECT_EQ(run_alone(request(contrastive(alpha, k), {1, 2, 5}, contrastive_search), {}, table)[0],
                  oracle(model, {1, 2, 5}, alpha, k, 12, table))
            << "seed " << seed << " alpha " << alpha << " k " << k;
      }
    }
  }
}

// Where the head can be applied later, it is applied for the winner alone.
TEST(ContrastiveSearch, OnlyTheWinnersLogitsAreComputed) {
  const TableShape shape{.n_embd = 16, .logits_from_hidden = true};
  for (const double alpha : {0.1, 0.6, 1.0}) {
    TableModel model(shape);
    Scheduler scheduler({&model});
    const auto run = start(scheduler, request(contrastive(alpha, 4), {1, 2, 5}, contrastive_search));
    scheduler.run();
    run->rethrow();
    const Table logits = [&](const std::vector<Token>& text) { return model.logits_after(text); };
    EXPECT_EQ(run->sequences()[0].ids, oracle(model, {1, 2, 5}, alpha, 4, 12, logits)) << alpha;
    ASSERT_EQ(model.batches().size(), 13u);
    for (std::size_t i = 1; i < model.batches().size(); ++i) {
      for (const LoggedRow& row : model.batches()[i]) EXPECT_FALSE(row.logits);
    }
  }
}

// Not with guidance: the winner's negative twin is asked for in the same batch.
TEST(ContrastiveSearch, GuidanceAsksForAllLogits) {
  GenerationConfig config = contrastive(0.6, 4);
  config.guidance_scale = 1.5;
  Request guided = request(config, {1, 2, 5}, contrastive_search);
  guided.negative_prompt = {3};
  const TableShape later{.n_embd = 16, .logits_from_hidden = true};
  const TableModel model(later);
  const Table table = [&](const std::vector<Token>& text) { return model.logits_after(text); };
  EXPECT_EQ(run_alone(guided, later), run_alone(guided, {.n_embd = 16}, table));
}

TEST(ContrastiveSearch, APromptOfOneTokenIsContextToo) {
  const Table table = random_table(8, 3);
  EXPECT_EQ(run_alone(request(contrastive(0.6, 4), {1}, contrastive_search), {}, table)[0],
            oracle(TableModel({}, table), {1}, 0.6, 4, 12, table));
}

TEST(ContrastiveSearch, ProcessorsComeBeforeTheProbabilities) {
  const Table table = random_table(8, 5);
  GenerationConfig config = contrastive(0.5, 4, 10);
  config.repetition_penalty = 1.5;
  config.suppress_tokens = {6};
  const Table processed = [&](const std::vector<Token>& text) {
    std::vector<float> scores = table(text);
    for (Token v = 0; v < 8; ++v) {
      float& score = scores[static_cast<std::size_t>(v)];
      if (std::find(text.begin(), text.end(), v) != text.end()) score = score < 0 ? score * 1.5f : score / 1.5f;
      if (v == 6) score = -INFINITY;
    }
    return scores;
  };
  EXPECT_EQ(run_alone(request(config, {1, 2, 5}, contrastive_search), {}, table)[0],
            oracle(TableModel({}, table), {1, 2, 5}, 0.5, 4, 10, processed));
}

TEST(ContrastiveSearch, WithoutAPenaltyOrAChoiceItIsGreedy) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Table table = random_table(8, seed);
    const auto expected = run_alone(request(greedy_config(), {1, 2}, greedy), {}, table);
    EXPECT_EQ(run_alone(request(contrastive(0, 4), {1, 2}, contrastive_search), {}, table), expected);
    EXPECT_EQ(run_alone(request(contrastive(0.9, 1), {1, 2}, contrastive_search), {}, table), expected);
  }
}

// One batch for the prompt, then one of k rows for each token: the winner's row is never evaluated again, the losers'
// cells are free at once, and the prompt's hidden states come without its logits.
TEST(ContrastiveSearch, EveryTokenIsEvaluatedOnce) {
  TableModel model({}, random_table(8, 2));
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(contrastive(0.6, 4, 10), {1, 2, 3}, contrastive_search));
  while (scheduler.step()) EXPECT_LE(model.used_cells(), 3 + 10 + 4);
  run->rethrow();
  ASSERT_EQ(model.batches().size(), 11u);
  EXPECT_EQ(model.batches()[0].size(), 3u);
  for (std::size_t i = 1; i < model.batches().size(); ++i) EXPECT_EQ(model.batches()[i].size(), 4u);
}

TEST(ContrastiveSearch, CompanyChangesNothing) {
  const TableShape shape{.n_cells = 40, .max_sequences = 6, .max_outputs = 8};  // too little for all at once
  const Table table = random_table(8, 4);
  TableModel model(shape, table);
  Scheduler scheduler({&model}, {.prefill_chunk_size = 4});
  std::vector<std::unique_ptr<decant::Run>> runs;
  const auto add = [&](double alpha, std::vector<Token> prompt) {
    runs.push_back(start(scheduler, request(contrastive(alpha, 4, 8), std::move(prompt), contrastive_search)));
  };
  add(0.6, {1, 2, 3, 4, 5, 6});
  add(0.2, {1, 2, 3, 4, 5, 6});
  scheduler.step();
  scheduler.step();
  add(0.6, {1, 2, 3, 4, 5, 6});
  add(0.9, {1, 2, 3});
  scheduler.run();
  for (const auto& run : runs) run->rethrow();
  EXPECT_EQ(runs[0]->sequences()[0].ids, runs[2]->sequences()[0].ids);
  EXPECT_EQ(runs[0]->sequences()[0].ids, oracle(model, {1, 2, 3, 4, 5, 6}, 0.6, 4, 8, table));
  EXPECT_EQ(runs[1]->sequences()[0].ids, oracle(model, {1, 2, 3, 4, 5, 6}, 0.2, 4, 8, table));
  EXPECT_EQ(runs[3]->sequences()[0].ids, oracle(model, {1, 2, 3}, 0.9, 4, 8, table));
}

TEST(ContrastiveSearch, AHiddenStateWithoutDirectionEndsThisRunOnly) {
  const Table table = random_table(8, 4);
  const std::vector<std::vector<float>> bad = {{0, 0, 0, 0}, {1, NAN, 0, 0}, {1, INFINITY, 0, 0}};
  for (const auto& state : bad) {
    for (const std::size_t at : {std::size_t{1}, std::size_t{5}}) {  // in the prompt, and behind it
      TableModel model({}, table), healthy({}, table);
      model.hidden_table = [&](const std::vector<Token>& text) {
        return text.size() == at ? state : healthy.hidden_after(text);
      };
      Scheduler scheduler({&model});
      const auto other = start(scheduler, request(greedy_config(), {1, 2}, greedy));
      const auto run = start(scheduler, request(contrastive(0.6, 4), {1, 2, 5}, contrastive_search));
      scheduler.run();
      try {
        run->rethrow();
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()),
                  fmt::format("the model returned a hidden state that is zero, not a number or infinite at position {}",
                              at - 1));
      }
      other->rethrow();
      EXPECT_EQ(other->sequences()[0].ids, run_alone(request(greedy_config(), {1, 2}, greedy), {}, table)[0]);
    }
  }
}

}  // namespace
}  // namespace decant
