// From logits to the drawn token: our processors and libllama's samplers, with the same settings on the same logits.
// One thread.
#include <benchmark/benchmark.h>
#include <llama.h>

#include <memory>

#include "../tests/numerics/random_scores.h"
#include "numerics/gumbel.h"
#include "processors/chain.h"

namespace decant {
namespace {

enum class Order { ours, llama };
using Rows = std::vector<std::vector<float>>;

// The logits of successive steps: in turn, so that no branch predictor learns one of them by heart.
Rows rows(const benchmark::State& state, float spread) {
  Rows result;
  for (unsigned seed = 0; seed < 16; ++seed) {
    result.push_back(random_scores(seed, {static_cast<int>(state.range(0)), spread}));
  }
  return result;
}

std::vector<Token> history(int n_vocab) {
  std::vector<Token> tokens(512);
  for (int i = 0; i < 512; ++i) tokens[static_cast<std::size_t>(i)] = i * 7919 % n_vocab;
  return tokens;
}

GenerationConfig full() {
  GenerationConfig config;
  config.repetition_penalty = 1.1;
  config.temperature = .8;
  config.top_k = 50;
  config.top_p = .95;
  config.min_p = .05;
  config.typical_p = .95;
  return config;
}

GenerationConfig typical() {
  GenerationConfig config;
  config.top_k = 0;
  config.typical_p = .95;
  return config;
}

void decant_chain(benchmark::State& state, const GenerationConfig& config, float spread) {
  const Rows logits = rows(state, spread);
  const std::vector<Token> tokens = history(static_cast<int>(state.range(0)));
  const Chain chain(config, true);
  Scores scores;
  std::uint32_t position = 0;
  for (auto _ : state) {
    scores.reset(logits[++position % logits.size()]);
    chain(scores, {.tokens = tokens});
    benchmark::DoNotOptimize(scores.race(1, GumbelNoise(1, 0, position)).front().id);
  }
}

using Sampler = std::unique_ptr<llama_sampler, decltype(&llama_sampler_free)>;

Sampler llama_chain_of(const GenerationConfig& config, int n_vocab, Order order) {
  Sampler chain(llama_sampler_chain_init(llama_sampler_chain_default_params()), llama_sampler_free);
  const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };
  const auto real = [](double value) { return static_cast<float>(value); };
  const auto add_temperature = [&] {
    if (config.temperature != 1) add(llama_sampler_init_temp(real(config.temperature)));
  };
  const auto add_typical = [&] {
    if (config.typical_p != 1) add(llama_sampler_init_typical(real(config.typical_p), 1));
  };
  if (config.repetition_penalty != 1) {
    add(llama_sampler_init_penalties(n_vocab, 512, real(config.repetition_penalty), 0, 0));
  }
  if (order == Order::ours) add_temperature();
  if (config.top_k != 0) add(llama_sampler_init_top_k(config.top_k));
  if (order == Order::llama) add_typical();
  if (config.top_p != 1) add(llama_sampler_init_top_p(real(config.top_p), 1));
  if (config.min_p != 0) add(llama_sampler_init_min_p(real(config.min_p), 1));
  if (order == Order::ours) add_typical();
  if (order == Order::llama) add_temperature();
  add(llama_sampler_init_dist(1));
  return chain;
}

// As llama_sampler_sample() does it, with the list of candidates allocated once.
void llama_chain(benchmark::State& state, const GenerationConfig& config, float spread, Order order) {
  const Rows logits = rows(state, spread);
  const Sampler chain = llama_chain_of(config, static_cast<int>(state.range(0)), order);
  for (const Token token : history(static_cast<int>(state.range(0)))) llama_sampler_accept(chain.get(), token);
  std::vector<llama_token_data> candidates;
  std::size_t position = 0;
  for (auto _ : state) {
    const std::vector<float>& row = logits[++position % logits.size()];
    candidates.resize(row.size());
    for (std::size_t id = 0; id < row.size(); ++id) candidates[id] = {static_cast<llama_token>(id), row[id], 0};
    llama_token_data_array list{candidates.data(), candidates.size(), -1, false};
    llama_sampler_apply(chain.get(), &list);
    benchmark::DoNotOptimize(list.data[list.selected].id);
  }
}

[[maybe_unused]] const bool registered = [] {
  const auto add = [](const char* name, auto... run) {
    benchmark::RegisterBenchmark(name, run...)->Arg(49152)->Arg(151936)->Unit(benchmark::kMicrosecond);
  };
  add("full chain, decant", decant_chain, full(), 3.f);
  add("full chain, libllama", llama_chain, full(), 3.f, Order::llama);
  add("full chain, libllama in our order", llama_chain, full(), 3.f, Order::ours);
  add("typical_p, decant", decant_chain, typical(), 3.f);
  add("typical_p, libllama", llama_chain, typical(), 3.f, Order::llama);
  add("typical_p, flat, decant", decant_chain, typical(), .5f);
  add("typical_p, flat, libllama", llama_chain, typical(), .5f, Order::llama);
  return true;
}();

}  // namespace
}  // namespace decant

BENCHMARK_MAIN();
