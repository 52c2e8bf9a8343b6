// layers_bench MODEL.gguf...: what DoLa costs on top of greedy decoding, with models of several architectures
// (layers_models.py makes two of one size).
//
// Everything that is compared runs in turn, round after round, in this one process; figures are medians over rounds,
// and the ratio is the median of the rounds' own ratios.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "llama/llama_model.h"
#include "measure/median.h"
#include "options/table.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"

namespace {

using namespace decant;

constexpr int kTokens = 48, kRounds = 15;
constexpr std::array kLayers = {"", "low", "high"};  // greedy first

// Seconds for kTokens tokens, the prompt among them.
double seconds(LlamaModel& model, const std::vector<Token>& prompt, const std::string& layers) {
  GenerationConfig config;
  config.max_new_tokens = kTokens;
  config.ignore_eos = true;
  if (!layers.empty()) set(config, get(generation_fields(), "dola_layers"), layers);
  const StrategyRow& row = resolve_strategy(config);
  Scheduler scheduler({&model});
  const auto run =
      start(scheduler, {.config = config, .prompt = prompt, .strategy = row.run, .does = facts_of(row, config)});
  const auto begin = std::chrono::steady_clock::now();
  scheduler.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  run->rethrow();
  return took.count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: layers_bench MODEL.gguf...\n");
    return 64;
  }
  try {
    struct Contestant {
      std::unique_ptr<LlamaModel> model;
      std::vector<Token> prompt;
      std::map<std::string, std::vector<double>> times = {}, ratios = {};
    };
    std::vector<Contestant> contestants;
    ModelOptions options;
    options.threads = 1;  // two wait for each other where the machine is busy
    for (int i = 1; i < argc; ++i) {
      const auto file = std::make_shared<const LlamaFile>(argv[i], options);
      contestants.push_back({std::make_unique<LlamaModel>(file, options, 256),
                             file->vocab().tokenize("The lighthouse keeper wrote", true, true)});
      for (const char* layers : kLayers) seconds(*contestants.back().model, contestants.back().prompt, layers);
    }
    for (int round = 0; round < kRounds; ++round) {
      for (Contestant& each : contestants) {
        double greedy = 0;
        for (const char* layers : kLayers) {
          const double took = seconds(*each.model, each.prompt, layers);
          if (greedy == 0) greedy = took;
          each.times[layers].push_back(took);
          each.ratios[layers].push_back(took / greedy);
        }
      }
    }
    for (const Contestant& each : contestants) {
      fmt::print("{}: {}\n  greedy {:7.2f} ms a token\n", each.model->info().name, each.model->describe(),
                 1e3 * median(each.times.at("")) / kTokens);
      for (const char* layers : {"low", "high"}) {
        fmt::print("  DoLa {:4} {:5.2f} ms a token, {:.2f} times greedy\n", layers,
                   1e3 * median(each.times.at(layers)) / kTokens, median(each.ratios.at(layers)));
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "layers_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
