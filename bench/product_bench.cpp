// The product of one small matrix alone, by weight type, instruction set and number of columns: what the kernels cost
// where memory is no limit (the matrix is in the second-level cache, one thread).
#include <benchmark/benchmark.h>
#include <ggml.h>

#include <random>
#include <string>
#include <vector>

#include "kernels/multiply.h"

namespace decant::kernels {
namespace {

constexpr int kInputs = 768, kOutputs = 768;
constexpr std::pair<const char*, WeightType> kTypes[] = {
    {"q4_0", WeightType::q4_0}, {"q4_1", WeightType::q4_1},     {"q5_0", WeightType::q5_0}, {"q5_1", WeightType::q5_1},
    {"q8_0", WeightType::q8_0}, {"iq4_nl", WeightType::iq4_nl}, {"q4_k", WeightType::q4_k}, {"q5_k", WeightType::q5_k},
    {"q6_k", WeightType::q6_k}, {"f16", WeightType::f16},       {"bf16", WeightType::bf16}, {"f32", WeightType::f32}};

// Memory on a cache line; what is in it does not matter for time, but for subnormal numbers.
struct Lines {
  explicit Lines(std::size_t bytes) : memory(bytes + 64 + (8 << 10)) {  // kernels fetch ahead, but read nothing there
    std::mt19937 random(1);
    for (std::byte& byte : memory) byte = static_cast<std::byte>(random() & 0x3f);
  }
  std::byte* begin() { return memory.data() + (-reinterpret_cast<std::uintptr_t>(memory.data()) & 63); }
  std::vector<std::byte> memory;
};

void product(benchmark::State& state, WeightType type, Isa isa, int count) {
  const Kernel& kernels = kernel(isa, type);
  const Format& format = format_of(type);
  const std::size_t stripe = format.stripe_bytes(kInputs), panel = panel_bytes(format, kInputs, kPanel);
  const int panels = (count + kPanel - 1) / kPanel;
  Lines weights(stripe * (kOutputs / kStripe)), packed(panel * static_cast<std::size_t>(panels));
  std::vector<float> activations(static_cast<std::size_t>(count) * kInputs),
      results(static_cast<std::size_t>(count) * kOutputs);
  std::mt19937 random(2);
  for (float& x : activations) x = static_cast<float>(random() % 1000) - 500;
  std::vector<const float*> from;
  std::vector<float*> to;
  for (int c = 0; c < count; ++c) from.push_back(&activations[c * kInputs]), to.push_back(&results[c * kOutputs]);
  const auto width = [&](int p) { return std::min(kPanel, count - p * kPanel); };
  for (int p = 0; p < panels; ++p)
    kernels.pack(format, &from[p * kPanel], width(p), kInputs, 0, kInputs / kBlock, packed.begin() + p * panel);
  for (auto _ : state) {
    for (int s = 0; s < kOutputs / kStripe; ++s) {
      for (int p = 0; p < panels; ++p)
        kernels.multiply(format, weights.begin() + s * stripe, kInputs, packed.begin() + p * panel, width(p),
                         &to[p * kPanel], s * kStripe, kStripe);
    }
    benchmark::ClobberMemory();
  }
  state.counters["ns_per_block"] = benchmark::Counter(  // of 16 outputs x 32 inputs and one column
      static_cast<double>(state.iterations()) * (kOutputs / kStripe) * (kInputs / kBlock) * count * 1e-9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

const bool registered = [] {
  for (const Isa isa : available_isas()) {
    if (isa == Isa::plain) continue;
    for (const auto& [name, type] : kTypes) {
      for (const int count : {1, 2, 4, 8, 16, 256}) {
        const std::string title = std::string(isa_word(isa)) + "/" + name + "/" + std::to_string(count);
        benchmark::RegisterBenchmark(title.c_str(),
                                     [type, isa, count](benchmark::State& state) { product(state, type, isa, count); });
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace decant::kernels

BENCHMARK_MAIN();
