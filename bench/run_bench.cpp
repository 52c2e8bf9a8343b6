// run_bench MODEL.gguf [ROUNDS]: what the engine costs on top of libllama, and what merging Runs gains.
//
// Everything that is compared runs in turn, round after round, in this one process; figures are medians over rounds.
//   bare       a loop of llama_decode and argmax: the least that greedy decoding can cost
//   greedy     the same text by a Run
//   sampling   a Run with temperature 0.8, top_k 50, top_p 0.9, and the share of its time outside of forward()
//   8 in turn  eight sampling Runs, one after another;  8 at once: the same eight in one scheduler
#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "llama/llama_model.h"
#include "numerics/maximum.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"

namespace {

using namespace decant;
using Clock = std::chrono::steady_clock;

constexpr int kTokens = 128;
constexpr int kRuns = 8;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// A model that says how long its forwards took.
class Timed : public Model {
 public:
  explicit Timed(LlamaModel& model) : model_(model) {}
  const ModelInfo& info() const override { return model_.info(); }
  const Vocab& vocab() const override { return model_.vocab(); }
  void copy_sequence(SeqId from, SeqId to, int end) override { model_.copy_sequence(from, to, end); }
  void trim_sequence(SeqId sequence, int begin) override { model_.trim_sequence(sequence, begin); }
  void forward(std::span<const Row> rows) override {
    const auto begin = Clock::now();
    model_.forward(rows);
    seconds += seconds_since(begin);
  }
  std::span<const float> logits(int row) const override { return model_.logits(row); }
  std::span<const float> hidden(int row) const override { return model_.hidden(row); }
  std::span<const float> layer_logits(int row, int layer) const override { return model_.layer_logits(row, layer); }

  double seconds = 0;

 private:
  LlamaModel& model_;
};

// Seconds for kTokens greedy tokens after the prompt.
double bare(LlamaModel& model, std::vector<Token> prompt) {
  llama_context* context = model.handle();
  llama_memory_clear(llama_get_memory(context), false);
  llama_decode(context, llama_batch_get_one(prompt.data(), static_cast<std::int32_t>(prompt.size())));
  const auto begin = Clock::now();
  for (int i = 0; i < kTokens; ++i) {
    Token token = argmax(std::span(llama_get_logits_ith(context, -1), static_cast<std::size_t>(model.info().n_vocab)));
    llama_decode(context, llama_batch_get_one(&token, 1));
  }
  const double seconds = seconds_since(begin);
  llama_memory_clear(llama_get_memory(context), false);
  return seconds;
}

Request request(bool sampling, std::uint64_t seed, const std::vector<Token>& prompt) {
  GenerationConfig config;
  config.max_new_tokens = kTokens;
  config.ignore_eos = true;
  config.seed = seed;
  if (sampling) {
    config.temperature = 0.8;
    config.top_p = 0.9;
  }
  return {.config = config,
          .prompt = prompt,
          .strategy = strategy(sampling ? "sample" : "greedy").run,
          .does = {.draws = sampling},
          .models = {0},
          .observer = nullptr};
}

struct Timing {
  double total = 0;    // seconds from the first token on
  double outside = 0;  // of these, outside of forward()
};

Timing run(LlamaModel& model, const std::vector<Request>& requests) {
  Timed timed(model);
  Scheduler scheduler({&timed});
  std::vector<std::unique_ptr<Run>> runs;
  for (const Request& each : requests) runs.push_back(start(scheduler, each));
  scheduler.step();  // the prompt
  scheduler.step();
  timed.seconds = 0;
  const auto begin = Clock::now();
  scheduler.run();
  const double total = seconds_since(begin);
  for (const auto& each : runs) each->rethrow();
  return {total * kTokens / (kTokens - 2), (total - timed.seconds) * kTokens / (kTokens - 2)};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: run_bench MODEL.gguf [ROUNDS]\n");
    return 64;
  }
  try {
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
    ModelOptions options;
    const auto file = std::make_shared<const LlamaFile>(argv[1], options);
    LlamaModel model(file, options, 2048);
    const std::vector<Token> prompt = file->vocab().tokenize("The lighthouse keeper wrote", true, true);
    std::vector<Request> eight;
    for (std::uint64_t seed = 0; seed < kRuns; ++seed) eight.push_back(request(true, seed, prompt));

    std::map<std::string, std::vector<double>> times;
    for (int round = 0; round < rounds; ++round) {
      times["bare"].push_back(bare(model, prompt));
      times["greedy"].push_back(run(model, {request(false, 0, prompt)}).total);
      const Timing sampling = run(model, {request(true, 0, prompt)});
      times["sampling"].push_back(sampling.total);
      times["share"].push_back(sampling.outside / sampling.total);
      double in_turn = 0;
      for (const Request& each : eight) in_turn += run(model, {each}).total;
      times["in turn"].push_back(in_turn);
      const Timing at_once = run(model, eight);
      times["at once"].push_back(at_once.total);
      times["share of 8"].push_back(at_once.outside / at_once.total);
      fmt::print(stderr, "round {} of {}\n", round + 1, rounds);
    }
    const auto rate = [&](const char* name, int runs) { return runs * kTokens / median(times[name]); };
    fmt::print("{}: {}\n", model.info().name, model.describe());
    fmt::print("bare loop              {:7.1f} tokens a second\n", rate("bare", 1));
    fmt::print("greedy Run             {:7.1f}   {:.3f} of the bare loop\n", rate("greedy", 1),
               median(times["bare"]) / median(times["greedy"]));
    fmt::print("sampling Run           {:7.1f}   {:.2f}% of it outside of forward()\n", rate("sampling", 1),
               100 * median(times["share"]));
    fmt::print("8 Runs, one by one     {:7.1f}\n", rate("in turn", kRuns));
    fmt::print("8 Runs at once         {:7.1f}   {:.2f} times one by one, {:.2f}% outside of forward()\n",
               rate("at once", kRuns), median(times["in turn"]) / median(times["at once"]),
               100 * median(times["share of 8"]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "run_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
