// Contrastive search (Su et al. 2022, "A Contrastive Framework for Neural Text Generation"): of the k likeliest tokens
// v, the one with the highest
//
//   (1 - alpha) p(v) - alpha max_j cos(h_v, h_j)
//
// where h_v is the model's last hidden state (after the final norm) at v, and h_j that of every token before, the
// prompt's included. All k are evaluated in one batch; the winner's state gives the next step's distribution.
//
// Tested by tests/strategies/contrastive_search_test.cpp and, against golden files,
// tests/llama/contrast_test.cpp. Equals Hugging Face's generate(penalty_alpha=a, top_k=k) of transformers 4.55: p
// is the softmax of the processed logits over the whole vocabulary, the first of equal scores wins, and alpha = 0 or k
// = 1 is greedy. Deviation: a hidden state without a direction (zero, or not finite) is an error, not a NaN.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "model/not_finite.h"
#include "numerics/similarity.h"
#include "options/table.h"
#include "strategies/contrastive_search_trace.h"
#include "strategies/resolve.h"
#include "strategies/scoring.h"

namespace decant {
namespace {

constexpr Outputs hidden_only() { return {.logits = false, .hidden = true, .layers = {}}; }
constexpr Outputs hidden_and_logits() { return {.logits = true, .hidden = true, .layers = {}}; }

// The hidden states of the whole prompt, and the distribution behind it.
std::vector<Ask> ask_prompt(const Run& run) {
  std::vector<Ask> asks(1, {.nodes = {run.prompt()}, .outputs = hidden_and_logits()});
  std::vector<Node> before;
  for (Node node = run.prompt(); node.length() > 1; node = before.back()) before.push_back(node.parent());
  if (!before.empty()) asks.insert(asks.begin(), {.nodes = {before.rbegin(), before.rend()}, .outputs = hidden_only()});
  return asks;
}

// The k likeliest tokens of a step, and what is needed of it when the next one is there.
struct Contender {
  Choice choice;
  double p;
};

std::vector<Contender> likeliest(Run& run, const Step& step, int k) {
  std::vector<Contender> contenders;
  const std::span<const Candidate> top = step.scores.top(k);
  for (const Candidate& each : std::vector<Candidate>(top.begin(), top.end())) {  // choose() asks for another top
    contenders.push_back({run.choose(step, each.id), step.scores.probability(each.id)});
  }
  return contenders;
}

// The direction of the hidden state at a position.
std::vector<float> direction(const ModelInfo& model, const EvalRow& row, int position) {
  std::vector<float> unit(row.hidden.size());
  if (normalize(row.hidden, unit)) return unit;
  throw not_finite(
      model,
      fmt::format("the model returned a hidden state that is zero, not a number or infinite at position {}", position));
}

struct Winner {
  std::size_t index = 0;
  double score = -std::numeric_limits<double>::infinity();
  std::vector<float> direction = {};
  std::shared_ptr<ContrastiveSearchTrace> trace = {};
};

// rows[i] is what the model says at contenders[i].
Winner best(const Run& run, const std::vector<Contender>& contenders, Rows rows, const Directions& past) {
  const double alpha = *run.config().penalty_alpha;
  Winner winner;
  if (run.wants_decisions()) winner.trace = std::make_shared<ContrastiveSearchTrace>(alpha);
  std::vector<float> cosines(past.count());
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::vector<float> unit = direction(run.model_info(), rows[i], static_cast<int>(past.count()));
    past.cosines(unit, cosines);
    const double similarity = *std::max_element(cosines.begin(), cosines.end());
    const double score = (1 - alpha) * contenders[i].p - alpha * similarity;
    if (winner.trace) winner.trace->add(contenders[i].choice.token, contenders[i].p, score, cosines);
    if (score > winner.score) {
      winner.index = i;
      winner.score = score;
      winner.direction = std::move(unit);
    }
  }
  return winner;
}

Task<void> contrastive_search(Run& run) {
  const int k = run.config().top_k;
  if (*run.config().penalty_alpha == 0 || k <= 1) {
    Scoring plain;
    co_await write_texts(run, plain, false);
    co_return;
  }
  const std::vector<Ask> prompt = ask_prompt(run);
  auto rows = co_await run.eval(prompt);
  Directions past(rows[0].hidden.size());
  for (const EvalRow& row : rows) past.add(direction(run.model_info(), row, static_cast<int>(past.count())));

  Node tip = run.prompt();
  EvalRow row = rows.back();
  while (!run.finished(0)) {
    std::vector<Contender> contenders = likeliest(run, run.process(0, tip, row), k);
    Ask ask{.nodes = {}, .outputs = run.can_add_logits() ? hidden_only() : hidden_and_logits()};
    for (const Contender& each : contenders) ask.nodes.push_back(tip.child(each.choice.token));
    auto next = co_await run.eval(ask);
    const Winner winner = best(run, contenders, next, past);
    Choice& chosen = contenders[winner.index].choice;
    chosen.why.strategy = winner.trace;
    tip = run.emit(0, chosen);
    past.add(winner.direction);
    row = run.with_logits(next[winner.index]);
  }
}

// Each candidate is a row of logits and of hidden states in one batch, and a cell of the cache.
constexpr int kMostCandidates = 1024;

void check(const GenerationConfig& config) {
  if (asks_to_sample(config)) reject_contradiction("penalty_alpha", sampling_option(config));
  if (config.top_k >= 1 && config.top_k <= kMostCandidates) return;
  throw Error(
      ErrorKind::usage,
      "top_k is {}: contrastive search tries each of the top_k likeliest tokens, of which there must be from 1 to {}",
      config.top_k, kMostCandidates);
}

Room room(const GenerationConfig& config) {
  Room room = room_for_texts(config);
  room.tried = std::max(config.top_k, 64);
  return room;
}

const Registered<StrategyRow> contrastive_search_row(
    {.name = "contrastive_search",
     .order = 7,
     .run = contrastive_search,
     .doc = "of the top_k likeliest, what is least like the text so far",
     .implied_by = "penalty_alpha",
     .precedence = 2,
     .reads = {"penalty_alpha", "top_k"},
     .needs = {{"penalty_alpha", "penalty_alpha: 0.6 is a good start"}},
     .check = check,
     .room = room});

}  // namespace
}  // namespace decant
