// company_bench MODEL.gguf OPTIONS SPECULATING ROUNDS TOKENS FILE...: what speculation of some requests does to all.
//
// One request for each file, greedy, TOKENS long, all at once in one engine; the first SPECULATING of them with OPTIONS
// ("speculate=auto"), or without, in turn, round after round. The prompts are in the cache. Prints JSON: seconds until
// the last one has ended. Fails where a text hangs on who speculated.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "llama/llama_model.h"
#include "options/setting.h"

namespace {

using namespace decant;
using Clock = std::chrono::steady_clock;
using Texts = std::vector<std::vector<Token>>;

constexpr int kSequences = 128;  // of the cache: every guess of a tree may need one

struct Request {
  std::vector<Token> prompt;
  GenerationConfig without, with;
};

std::vector<Token> prompt_in(const std::string& path, const Vocab& vocab) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorKind::io, "cannot read {}", path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.ends_with('\n')) text.pop_back();
  return vocab.tokenize(text, true, true);
}

// Texts of all; adds nothing to `seconds` but the time until the last one has ended.
Texts run(Engine& engine, const std::vector<Request>& requests, bool with, double& seconds) {
  const auto begin = Clock::now();
  std::vector<Ticket> tickets;
  for (const Request& each : requests) {
    tickets.push_back(engine.submit(
        {.model = "model", .config = with ? each.with : each.without, .prompt = each.prompt, .keeps_text = false}));
  }
  Texts texts;
  for (Ticket& each : tickets) {
    each.outcome().rethrow();
    texts.push_back(each.outcome().sequences.at(0).ids);
  }
  seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return texts;
}

std::vector<Request> requests_of(const std::string& options, int speculating, int tokens, char** begin, char** end,
                                 const Vocab& vocab) {
  GenerationConfig config;
  config.max_new_tokens = tokens;
  config.ignore_eos = true;
  config.seed = 1;
  const GenerationConfig with = parse_setting(options, config).config;
  std::vector<Request> requests;
  for (char** path = begin; path < end; ++path) {
    const bool speculates = std::ssize(requests) < speculating;
    requests.push_back({prompt_in(*path, vocab), config, speculates ? with : config});
  }
  return requests;
}

// Reads the prompts, so that what begins like them finds them read.
void read_prompts(Engine& engine, const std::vector<Request>& requests) {
  for (const Request& each : requests) {
    GenerationConfig config = each.without;
    config.max_new_tokens = 1;
    engine.submit({.model = "model", .config = config, .prompt = each.prompt}).outcome().rethrow();
  }
}

void measure(Engine& engine, const std::vector<Request>& requests, int rounds) {
  read_prompts(engine, requests);
  std::vector<double> seconds[2];
  Texts first;
  for (int round = 0; round < rounds; ++round) {
    for (int turn = 0; turn < 2; ++turn) {
      const bool with = (round + turn) % 2 == 1;
      Texts texts = run(engine, requests, with, seconds[with].emplace_back());
      if (first.empty()) first = texts;
      if (texts != first) throw Error(ErrorKind::internal, "a text is another one where some requests speculate");
    }
  }
  std::size_t tokens = 0;
  for (const auto& each : first) tokens += each.size();
  fmt::print("{{\"tokens\":{},\"without\":[{}],\"with\":[{}]}}\n", tokens, fmt::join(seconds[0], ","),
             fmt::join(seconds[1], ","));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    fmt::print(stderr, "usage: company_bench MODEL.gguf OPTIONS SPECULATING ROUNDS TOKENS FILE...\n");
    return 64;
  }
  try {
    const ModelOptions options;
    const auto file = std::make_shared<const LlamaFile>(argv[1], options);
    const auto requests =
        requests_of(argv[2], std::atoi(argv[3]), std::atoi(argv[5]), argv + 6, argv + argc, file->vocab());
    Engine engine;
    engine.load("model", [&] { return std::make_unique<LlamaModel>(file, options, 8192, kSequences); });
    measure(engine, requests, std::atoi(argv[4]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "company_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
