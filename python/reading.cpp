// Tested by tests/python/.
#include "python/reading.h"

#include <algorithm>
#include <utility>

#include "numerics/log_sum_exp.h"

namespace decant {
namespace {

constexpr std::size_t kRowsAtOnce = 32;  // whose logits stand in memory beside what is kept of them

void append(std::vector<float>& all, std::span<const float> row) { all.insert(all.end(), row.begin(), row.end()); }

void judge(Reading& reading, std::span<const float> logits, Token next) {
  const float logit = logits[static_cast<std::size_t>(next)];
  reading.log_p.push_back(double{logit} - log_sum_exp(logits).value);
  reading.greedy.push_back(logit >= *std::max_element(logits.begin(), logits.end()));
}

void keep(Reading& reading, const EvalRow& row, bool keeps_logits) {
  if (keeps_logits) append(reading.logits, row.logits);
  append(reading.hidden, row.hidden);
  for (std::size_t i = 0; i < row.layers.size(); ++i) append(reading.layers[i], row.layers[i]);
  for (std::size_t i = 0; i < row.states.size(); ++i) append(reading.states[i], row.states[i]);
}

Task<void> follow(Run& run, std::shared_ptr<Reading> reading) {
  std::vector<Node> nodes;
  for (Node node = run.prompt(); node.length() > reading->first; node = node.parent()) nodes.push_back(node);
  std::reverse(nodes.begin(), nodes.end());
  reading->layers.resize(reading->outputs.layers.size());
  reading->states.resize(reading->outputs.states.size());
  Ask ask;
  ask.outputs = reading->outputs;
  ask.outputs.logits = ask.outputs.logits || reading->verdicts;
  for (std::size_t begin = 0; begin < nodes.size(); begin += kRowsAtOnce) {
    const std::size_t end = std::min(begin + kRowsAtOnce, nodes.size());
    ask.nodes.assign(nodes.begin() + static_cast<std::ptrdiff_t>(begin),
                     nodes.begin() + static_cast<std::ptrdiff_t>(end));
    auto rows = co_await run.eval(ask);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      keep(*reading, rows[i], reading->outputs.logits);
      if (reading->verdicts && begin + i + 1 < nodes.size())
        judge(*reading, rows[i].logits, nodes[begin + i + 1].token());
    }
  }
  reading->whole = true;
}

}  // namespace

StrategyFunction read_along(std::shared_ptr<Reading> reading) {
  return [reading = std::move(reading)](Run& run) { return follow(run, reading); };
}

}  // namespace decant
