// Looks one token ahead: of the likeliest tokens behind the text, the one for which ln p of it and of the likeliest
// token behind it is highest. A token that ends the text has nothing behind it.
#include <recipes/recipe.h>

namespace {

using namespace decant;

struct Arguments {
  int width = 3;
  Given given = {};
};

const Field<Arguments> fields[] = {argument("width", &Arguments::width, "tokens that are tried", between(1, 64))};

int tried(const Arguments& arguments) { return arguments.width; }

std::vector<Choice> likeliest(Run& run, const Step& step, int n) {
  std::vector<Choice> choices;
  const auto top = step.scores.top(n);
  for (const Candidate& each : std::vector(top.begin(), top.end())) choices.push_back(run.choose(step, each.id));
  return choices;
}

// Of the text with the choice, row being what the model says behind it.
double value(const Run& run, const Choice& choice, const EvalRow& row) {
  if (run.ends(choice).reason != FinishReason::running) return choice.log_p;
  const LogSum sum = log_sum_exp(row.logits);
  return choice.log_p + sum.max - sum.value;
}

Task<void> look_ahead(Run& run, const Arguments& arguments) {
  Node tip = run.prompt();
  auto rows = co_await run.eval(tip);
  EvalRow row = rows[0];
  while (!run.finished(0)) {
    const std::vector<Choice> choices = likeliest(run, run.process(0, tip, row), arguments.width);
    std::vector<Node> nodes;
    for (const Choice& each : choices) nodes.push_back(run.child(each));
    auto next = co_await run.eval(nodes);
    std::size_t best = 0;
    for (std::size_t i = 1; i < choices.size(); ++i) {
      if (value(run, choices[i], next[i]) > value(run, choices[best], next[best])) best = i;
    }
    tip = run.emit(0, choices[best]);
    row = next[best];
  }
}

}  // namespace

DECANT_RECIPE(look_ahead, fields, tried)
