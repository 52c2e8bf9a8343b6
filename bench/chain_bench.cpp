// Microseconds per token of the processors: each stage alone, whole chains, and what a chain stands on. One thread.
#include <benchmark/benchmark.h>

#include "../tests/numerics/random_scores.h"
#include "numerics/gumbel.h"
#include "numerics/log_sum_exp.h"
#include "numerics/maximum.h"
#include "processors/chain.h"

namespace decant {
namespace {

// The next-token logits of successive steps: in turn, so that no branch predictor learns one of them by heart.
class Logits {
 public:
  explicit Logits(const benchmark::State& state) {
    const ScoreShape shape{static_cast<int>(state.range(0))};
    for (unsigned seed = 0; seed < 16; ++seed) steps_.push_back(random_scores(seed, shape));
  }
  std::span<const float> next() { return steps_[++at_ % steps_.size()]; }

 private:
  std::vector<std::vector<float>> steps_;
  std::size_t at_ = 0;
};

std::vector<Token> history(int n_vocab) {
  std::vector<Token> tokens(512);
  for (int i = 0; i < 512; ++i) tokens[static_cast<std::size_t>(i)] = i * 7919 % n_vocab;
  return tokens;
}

GenerationConfig off() {
  GenerationConfig config;
  config.top_k = 0;
  return config;
}

GenerationConfig with(double GenerationConfig::*field, double value) {
  GenerationConfig config = off();
  config.*field = value;
  return config;
}

GenerationConfig top_k_50() { return {}; }

GenerationConfig everything() {
  GenerationConfig config;
  config.repetition_penalty = 1.1;
  config.temperature = .8;
  config.top_k = 50;
  config.top_p = .95;
  config.min_p = .05;
  return config;
}

GenerationConfig without_top_k() {
  GenerationConfig config = everything();
  config.top_k = 0;
  return config;
}

// From the model's logits to the drawn token.
void chain(benchmark::State& state, const GenerationConfig& config, bool draw) {
  Logits logits(state);
  const std::vector<Token> tokens = history(static_cast<int>(state.range(0)));
  const Chain processors(config, true);
  Scores scores;
  std::uint32_t position = 0;
  for (auto _ : state) {
    scores.reset(logits.next());
    processors(scores, {.tokens = tokens});
    if (draw) benchmark::DoNotOptimize(scores.race(1, GumbelNoise(1, 0, ++position)).front().id);
  }
}

void log_sum(benchmark::State& state) {
  Logits logits(state);
  for (auto _ : state) benchmark::DoNotOptimize(log_sum_exp(logits.next()));
}

void best(benchmark::State& state) {
  Logits logits(state);
  for (auto _ : state) benchmark::DoNotOptimize(argmax(logits.next()));
}

void traced(benchmark::State& state) {
  Logits logits(state);
  const Chain processors(everything(), true);
  Scores scores;
  ChainTrace trace;
  for (auto _ : state) {
    scores.reset(logits.next());
    processors.traced(scores, {}, trace);
  }
}

[[maybe_unused]] const bool registered = [] {
  const auto add = [](const char* name, auto... run) {
    benchmark::RegisterBenchmark(name, run...)->Arg(49152)->Arg(151936)->Unit(benchmark::kMicrosecond);
  };
  add("log_sum_exp", log_sum);
  add("argmax", best);
  add("reset", chain, off(), false);
  add("reset, draw", chain, off(), true);
  add("reset, repetition_penalty", chain, with(&GenerationConfig::repetition_penalty, 1.1), false);
  add("reset, top_k", chain, top_k_50(), false);
  add("reset, top_p", chain, with(&GenerationConfig::top_p, .95), false);
  add("reset, min_p", chain, with(&GenerationConfig::min_p, .05), false);
  add("reset, temperature, draw", chain, with(&GenerationConfig::temperature, .8), true);
  add("all, draw", chain, everything(), true);
  add("all but top_k, draw", chain, without_top_k(), true);
  add("all, traced", traced);
  return true;
}();

}  // namespace
}  // namespace decant

BENCHMARK_MAIN();
