// The seam carries the rest: a beam search, a strategy on two models, and one on hidden states and layers, each as
// short as its definition, against oracles that evaluate every prefix from scratch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

struct Hypothesis {
  std::vector<Token> tokens;
  double score = 0;
};

// ---- beam search: keep the k likeliest texts of each length ---------------------------------------------------------

Task<void> beam_search(Run& run, int width, int length, std::vector<Hypothesis>* found) {
  struct Beam {
    Node tip;
    double score;
  };
  std::vector<Beam> beams;
  beams.push_back({run.prompt(), 0.0});
  for (int step = 0; step < length; ++step) {
    std::vector<Node> tips;
    for (const Beam& beam : beams) tips.push_back(beam.tip);
    auto rows = co_await run.eval(tips);
    std::vector<Beam> next;
    for (std::size_t i = 0; i < beams.size(); ++i) {
      const double total = log_sum_exp(rows[i].logits).value;
      for (Token token = 0; token < run.vocab().size(); ++token) {
        const double log_p = static_cast<double>(rows[i].logits[static_cast<std::size_t>(token)]) - total;
        next.push_back({beams[i].tip.child(token), beams[i].score + log_p});
      }
    }
    const auto better = [](const Beam& a, const Beam& b) { return a.score > b.score; };
    std::stable_sort(next.begin(), next.end(), better);
    if (next.size() > static_cast<std::size_t>(width)) next.resize(static_cast<std::size_t>(width));
    beams = std::move(next);
  }
  for (const Beam& beam : beams) {
    Hypothesis& hypothesis = found->emplace_back();
    beam.tip.path(hypothesis.tokens);
    hypothesis.score = beam.score;
  }
}

std::vector<Hypothesis> beam_oracle(const TableModel& model, std::vector<Token> prompt, int width, int length) {
  std::vector<Hypothesis> beams = {{std::move(prompt), 0}};
  for (int step = 0; step < length; ++step) {
    std::vector<Hypothesis> next;
    for (const Hypothesis& beam : beams) {
      const auto logits = model.logits_after(beam.tokens);
      long double total = 0;
      for (const float logit : logits) total += std::exp(static_cast<long double>(logit));
      for (std::size_t token = 0; token < logits.size(); ++token) {
        next.push_back(beam);
        next.back().tokens.push_back(static_cast<Token>(token));
        next.back().score += static_cast<double>(static_cast<long double>(logits[token]) - std::log(total));
      }
    }
    std::stable_sort(next.begin(), next.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    next.resize(std::min(next.size(), static_cast<std::size_t>(width)));
    beams = std::move(next);
  }
  return beams;
}

TEST(Seams, BeamSearch) {
  for (const int width : {1, 2, 5, 8}) {
    TableModel model({.n_cells = 512, .max_sequences = 16});
    Scheduler scheduler({&model});
    std::vector<Hypothesis> found;
    const auto strategy = [&](decant::Run& run) { return beam_search(run, width, 6, &found); };
    const auto run = start(scheduler, request(greedy_config(), {1, 2, 3}, strategy));
    const auto company = start(scheduler, request(sampling_config(1, 9), {1, 2, 4}, sample));
    while (scheduler.step()) {
      // Beams that ended are gone: at most the prompts, width paths, and the other Run's text are in the cache.
      EXPECT_LE(model.used_cells(), 4 + width * 6 + 10);
    }
    run->rethrow();
    const auto expected = beam_oracle(model, {1, 2, 3}, width, 6);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].tokens, expected[i].tokens);
      EXPECT_NEAR(found[i].score, expected[i].score, 1e-5);
    }
    int widest = 0;
    for (std::size_t i = 1; i < model.batches().size(); ++i) {
      widest = std::max(widest, static_cast<int>(model.batches()[i].size()));
    }
    EXPECT_LE(widest, width + 1);  // one row a beam and one for the company: nothing is evaluated twice
  }
}

TEST(Seams, TwentyBeamsFitIntoThreeSequences) {
  TableModel model({.n_cells = 40, .max_sequences = 3, .max_rows = 64, .max_outputs = 2});
  Scheduler scheduler({&model});
  std::vector<Hypothesis> found;
  const auto strategy = [&](decant::Run& run) { return beam_search(run, 20, 5, &found); };
  const auto run = start(scheduler, request(greedy_config(), {1, 2}, strategy));
  scheduler.run();
  run->rethrow();
  const auto expected = beam_oracle(model, {1, 2}, 20, 5);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].tokens, expected[i].tokens);
}

// ---- two models: the token that the first finds likelier than the second by most ------------------------------------

Task<void> contrast(Run& run) {
  std::vector<Ask> asks(2);
  asks[1].model = 1;
  Node tip = run.prompt();
  while (!run.finished(0)) {
    for (Ask& ask : asks) ask.nodes.assign(1, tip);
    auto rows = co_await run.eval(asks);
    const Step step = run.process(0, tip, rows[0]);
    Token best = 0;
    const auto score = [&](Token token) {
      return rows[0].logits[static_cast<std::size_t>(token)] - rows[1].logits[static_cast<std::size_t>(token)];
    };
    for (Token token = 1; token < run.vocab().size(); ++token) {
      if (score(token) > score(best)) best = token;
    }
    tip = run.emit(0, step, best);
  }
}

TEST(Seams, TwoModelsInOneRun) {
  const Table expert = random_table(8, 1), amateur = random_table(8, 2);
  TableModel first({.n_context = 256}, expert), second({.n_context = 256}, amateur);
  Scheduler scheduler({&first, &second}, {.prefill_chunk_size = 8});
  Request both = request(greedy_config(10), std::vector<Token>(30, 2), contrast);
  both.models = {0, 1};
  Request swapped = both;
  swapped.models = {1, 0};
  const auto company = start(scheduler, request(sampling_config(1, 30), {1, 2, 4}, sample));
  const auto run = start(scheduler, both);
  const auto other = start(scheduler, swapped);
  scheduler.run();

  for (const auto& [each, minuend, subtrahend] :
       {std::tuple(run.get(), expert, amateur), std::tuple(other.get(), amateur, expert)}) {
    each->rethrow();
    std::vector<Token> text(30, 2);
    for (const Token chosen : each->sequences()[0].ids) {
      const auto plus = minuend(text), minus = subtrahend(text);
      for (std::size_t token = 0; token < 8; ++token) {
        EXPECT_LE(plus[token] - minus[token],
                  plus[static_cast<std::size_t>(chosen)] - minus[static_cast<std::size_t>(chosen)]);
      }
      text.push_back(chosen);
    }
    EXPECT_EQ(text.size(), 40u);
  }
  EXPECT_EQ(company->sequences()[0].ids,
            run_alone(request(sampling_config(1, 30), {1, 2, 4}, sample), {.n_context = 256}, expert)[0]);
  EXPECT_GT(second.rows_evaluated(), 0);
}

// A request whose first model answers steps before its second: the first answer must survive the batches between.
TEST(Seams, AnswersWaitForTheSlowerModel) {
  TableModel fast, slow({.n_context = 256});
  Scheduler scheduler({&fast, &slow}, {.prefill_chunk_size = 4});
  bool looked = false;
  const auto body = [](decant::Run& run, const TableModel* model, bool* done) -> Task<void> {
    std::vector<Ask> asks(2);
    asks[0].nodes.assign(1, run.prompt());
    asks[1].nodes.assign(1, run.prompt());
    for (int i = 0; i < 40; ++i) asks[1].nodes[0] = asks[1].nodes[0].child(3);
    asks[1].model = 1;
    auto rows = co_await run.eval(asks);
    const auto expected = model->logits_after({1, 2});
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), rows[0].logits.begin(), rows[0].logits.end()));
    *done = true;
  };
  Request request_of_both =
      request(greedy_config(), {1, 2}, [&](decant::Run& run) { return body(run, &fast, &looked); });
  request_of_both.models = {0, 1};
  const auto company = start(scheduler, request(sampling_config(1, 30), {1, 2, 4}, sample));
  const auto run = start(scheduler, request_of_both);
  scheduler.run();
  run->rethrow();
  EXPECT_TRUE(looked);
}

// ---- hidden states and layers ---------------------------------------------------------------------------------------

// Of the k likeliest tokens, the one whose hidden state is farthest from the tip's.
Task<void> wander(Run& run, int k) {
  Ask ask;
  ask.outputs.hidden = true;
  ask.outputs.layers.assign(1, 2);
  ask.nodes.assign(1, run.prompt());
  auto first = co_await run.eval(ask);
  std::vector<float> state(first[0].hidden.begin(), first[0].hidden.end());
  std::vector<float> logits(first[0].logits.begin(), first[0].logits.end());
  Node tip = run.prompt();
  while (!run.finished(0)) {
    const Step step = run.process(0, tip, EvalRow{.logits = logits});
    const auto top = step.scores.top(k);
    std::vector<Candidate> candidates(top.begin(), top.end());
    ask.nodes.clear();
    for (const Candidate& candidate : candidates) ask.nodes.push_back(tip.child(candidate.id));
    std::size_t chosen = 0;
    auto rows = co_await run.eval(ask);
    double farthest = -1;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      double distance = 0;
      for (std::size_t j = 0; j < state.size(); ++j)
        distance += std::abs(static_cast<double>(rows[i].hidden[j] - state[j]));
      EXPECT_EQ(rows[i].layers.size(), 1u);
      if (distance > farthest) farthest = distance, chosen = i;
    }
    state.assign(rows[chosen].hidden.begin(), rows[chosen].hidden.end());
    const Step again = run.process(0, tip, EvalRow{.logits = logits});
    const Node next = run.emit(0, again, candidates[chosen].id);
    logits.assign(rows[chosen].logits.begin(), rows[chosen].logits.end());
    tip = next;
  }
}

TEST(Seams, HiddenStatesOfCandidates) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto strategy = [](decant::Run& run) { return wander(run, 3); };
  const auto run = start(scheduler, request(greedy_config(8), {1, 2}, strategy));
  scheduler.run();
  run->rethrow();

  std::vector<Token> text = {1, 2};
  for (const Token chosen : run->sequences()[0].ids) {
    const auto logits = model.logits_after(text);
    std::vector<Token> order(8);
    for (Token token = 0; token < 8; ++token) order[static_cast<std::size_t>(token)] = token;
    std::sort(order.begin(), order.end(), [&](Token a, Token b) {
      return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    const auto here = model.hidden_after(text);
    double farthest = -1;
    Token expected = -1;
    for (int i = 0; i < 3; ++i) {
      auto longer = text;
      longer.push_back(order[static_cast<std::size_t>(i)]);
      const auto there = model.hidden_after(longer);
      double distance = 0;
      for (std::size_t j = 0; j < here.size(); ++j) distance += std::abs(static_cast<double>(there[j] - here[j]));
      if (distance > farthest) farthest = distance, expected = longer.back();
    }
    EXPECT_EQ(chosen, expected);
    text.push_back(chosen);
  }
  for (std::size_t i = 1; i < model.batches().size(); ++i) EXPECT_EQ(model.batches()[i].size(), 3u);
}

Task<void> ask_layers(Run& run, std::vector<std::vector<float>>* seen) {
  Ask ask;
  ask.outputs.logits = false;
  ask.outputs.layers.assign(1, 3);
  ask.outputs.layers.push_back(1);
  ask.nodes.assign(1, run.prompt());
  auto rows = co_await run.eval(ask);
  for (const auto& layer : rows[0].layers) seen->emplace_back(layer.begin(), layer.end());
}

TEST(Seams, LogitsOfLayersComeInTheOrderAskedFor) {
  TableModel model;
  Scheduler scheduler({&model});
  std::vector<std::vector<float>> seen;
  const auto strategy = [&](decant::Run& run) { return ask_layers(run, &seen); };
  const auto run = start(scheduler, request(greedy_config(8), {1, 2}, strategy));
  scheduler.run();
  run->rethrow();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], model.layer_logits_after({1, 2}, 3));
  EXPECT_EQ(seen[1], model.layer_logits_after({1, 2}, 1));
}

}  // namespace
}  // namespace decant
