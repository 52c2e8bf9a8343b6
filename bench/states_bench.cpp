// states_bench MODEL.gguf...: what a step of four beams costs with models whose memory is a state (states_models.py
// makes some), beside a step of four sequences that libllama writes by itself, without our kernels.
//
// Everything that is compared runs in turn, round after round, in this one process; figures are medians over rounds,
// and the ratio is the median of the rounds' own ratios.
#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>

#include "llama/llama_model.h"
#include "measure/median.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"

namespace {

using namespace decant;

constexpr int kPrompt = 64, kTokens = 48, kRounds = 11, kTexts = 4;

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<Token> prompt_for(const LlamaModel& model) {
  std::vector<Token> prompt(kPrompt);
  for (int i = 0; i < kPrompt; ++i) prompt[static_cast<std::size_t>(i)] = 4 + (i * 37) % (model.info().n_vocab - 4);
  return prompt;
}

// Seconds a step of libllama alone: four sequences with one prompt, each on with its likeliest token.
double four_sequences(LlamaModel& model, const std::vector<Token>& prompt) {
  llama_context* context = model.handle();
  llama_memory_t memory = llama_get_memory(context);
  llama_memory_clear(memory, true);
  llama_set_embeddings(context, false);
  llama_batch batch = llama_batch_init(kPrompt, 0, 1);
  const auto add = [&](Token token, int position, SeqId sequence, bool output) {
    const auto i = batch.n_tokens++;
    batch.token[i] = token;
    batch.pos[i] = position;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = sequence;
    batch.logits[i] = output;
  };
  for (int i = 0; i < kPrompt; ++i) add(prompt[static_cast<std::size_t>(i)], i, 0, i + 1 == kPrompt);
  llama_decode(context, batch);
  for (SeqId sequence = 1; sequence < kTexts; ++sequence) llama_memory_seq_cp(memory, 0, sequence, -1, -1);
  const auto begin = std::chrono::steady_clock::now();
  for (int step = 0; step < kTokens; ++step) {
    std::array<Token, kTexts> next;
    for (int i = 0; i < kTexts; ++i) {
      const float* logits = llama_get_logits_ith(context, step == 0 ? kPrompt - 1 : i);
      next[static_cast<std::size_t>(i)] =
          static_cast<Token>(std::max_element(logits, logits + model.info().n_vocab) - logits);
    }
    batch.n_tokens = 0;
    for (int i = 0; i < kTexts; ++i) add(next[static_cast<std::size_t>(i)], kPrompt + step, i, true);
    llama_decode(context, batch);
  }
  const double took = since(begin) / kTokens;
  llama_batch_free(batch);
  llama_memory_clear(memory, true);
  return took;
}

// Seconds a step of beam search, the prompt apart.
double four_beams(LlamaModel& model, const std::vector<Token>& prompt) {
  GenerationConfig config;
  config.num_beams = kTexts;
  config.max_new_tokens = kTokens + 1;
  config.ignore_eos = true;
  const StrategyRow& row = resolve_strategy(config);
  Scheduler scheduler({&model});
  const auto run =
      start(scheduler, {.config = config, .prompt = prompt, .strategy = row.run, .does = facts_of(row, config)});
  scheduler.run();
  run->rethrow();
  return run->stats().decode_s / kTokens;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: states_bench MODEL.gguf...\n");
    return 64;
  }
  try {
    for (int i = 1; i < argc; ++i) {
      ModelOptions with;
      with.threads = 1;  // two wait for each other where the machine is busy
      ModelOptions without = with;
      without.kernels = "off";
      const auto ours = std::make_shared<const LlamaFile>(argv[i], with);
      const auto theirs = std::make_shared<const LlamaFile>(argv[i], without);
      LlamaModel with_kernels(ours, with, 1024, 2 * kTexts + 1), plain(theirs, without, 1024, 2 * kTexts + 1);
      const std::vector<Token> prompt = prompt_for(plain);
      std::vector<double> alone, beams, plain_beams;
      for (int round = -1; round < kRounds; ++round) {
        const double each = four_sequences(plain, prompt), same = four_beams(plain, prompt),
                     quick = four_beams(with_kernels, prompt);
        if (round < 0) continue;
        alone.push_back(each);
        plain_beams.push_back(same);
        beams.push_back(quick);
      }
      fmt::print("{}: a step of libllama's four sequences {:.2f} ms\n", plain.info().name, 1e3 * median(alone));
      fmt::print("  four beams without our kernels {:6.2f} ms, {:.2f} times\n", 1e3 * median(plain_beams),
                 median_ratio(plain_beams, alone));
      fmt::print("  four beams                     {:6.2f} ms, {:.2f} times\n", 1e3 * median(beams),
                 median_ratio(beams, alone));
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "states_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
