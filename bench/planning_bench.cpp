// planning_bench: what it costs to plan the reading of a prompt, without any model behind it: a model whose forward
// does nothing. Milliseconds for the whole prompt, asked for as greedy search does (the last token's logits) and as
// contrastive search does (a hidden state of every token); medians over rounds. A forward of SmolLM2-135M takes about 1
// ms a token.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "run/run.h"

namespace {

using namespace decant;

class NoVocab : public Vocab {
 public:
  int size() const override { return 1000; }
  std::string_view bytes(Token) const override { return "a"; }
  std::string_view piece(Token) const override { return "a"; }
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view, bool, bool) const override { return {}; }

 private:
  std::vector<Token> eos_;
};

class NoModel : public Model {
 public:
  NoModel() {
    info_ = {.name = "none",
             .n_vocab = 1000,
             .n_embd = 64,
             .n_layer = 2,
             .n_cells = 40000,
             .n_context = 40000,
             .max_sequences = 16,
             .max_rows = 320,
             .max_outputs = 64};
  }
  const ModelInfo& info() const override { return info_; }
  const Vocab& vocab() const override { return vocab_; }
  void copy_sequence(SeqId, SeqId, int) override {}
  void trim_sequence(SeqId, int) override {}
  void clear() override {}
  void forward(std::span<const Row>) override { ++forwards; }
  std::span<const float> logits(int) const override { return logits_; }
  std::span<const float> hidden(int) const override { return hidden_; }
  std::span<const float> layer_logits(int, int) const override { return logits_; }
  std::span<const float> state(int, int) const override { return hidden_; }
  Head* head() override { return nullptr; }

  int forwards = 0;

 private:
  ModelInfo info_;
  NoVocab vocab_;
  std::vector<float> logits_ = std::vector<float>(1000, 1), hidden_ = std::vector<float>(64, 1);
};

Task<void> ask_last(Run& run) {
  const Node tip = run.prompt();
  auto rows = co_await run.eval(tip);
}

Task<void> ask_all(Run& run) {
  std::vector<Node> path = {run.prompt()};
  while (path.back().length() > 1) path.push_back(path.back().parent());
  const Ask ask{.nodes = {path.rbegin(), path.rend()}, .outputs = {.logits = false, .hidden = true}};
  auto rows = co_await run.eval(ask);
}

double milliseconds(int tokens, StrategyFunction strategy, int& forwards) {
  std::vector<double> times;
  for (int round = 0; round < 5; ++round) {
    NoModel model;
    Scheduler scheduler({&model});
    const auto run =
        start(scheduler,
              {.config = {}, .prompt = std::vector<Token>(static_cast<std::size_t>(tokens), 7), .strategy = strategy});
    const auto begin = std::chrono::steady_clock::now();
    scheduler.run();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    run->rethrow();
    forwards = model.forwards;
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main() {
  fmt::print("{:>8} {:>14} {:>10} {:>14} {:>10}\n", "tokens", "last, ms", "batches", "all hidden, ms", "batches");
  for (const int tokens : {2000, 8000, 32000}) {
    int last = 0, all = 0;
    const double a = milliseconds(tokens, ask_last, last), b = milliseconds(tokens, ask_all, all);
    fmt::print("{:>8} {:>14.2f} {:>10} {:>14.2f} {:>10}\n", tokens, a, last, b, all);
  }
}
