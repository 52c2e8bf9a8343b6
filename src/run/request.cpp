// Tested by tests/run/request_test.cpp.
#include "run/request.h"

#include <algorithm>
#include <random>

#include "base/error.h"

namespace decant {
namespace {

void check_tokens(std::string_view name, const std::vector<Token>& prompt, const ModelInfo& info) {
  for (const Token token : prompt) {
    if (token < 0 || token >= info.n_vocab) {
      throw Error(ErrorKind::usage, "{} token {} is outside of the vocabulary of {} tokens", name, token, info.n_vocab);
    }
  }
}

void check_prompt(std::string_view name, const std::vector<Token>& prompt, const ModelInfo& info) {
  check_tokens(name, prompt, info);
  if (std::ssize(prompt) > info.n_context) {
    throw Error(ErrorKind::data, "the {} has {} tokens and the {} {}: shorten it{}", name, prompt.size(),
                info.n_context < info.n_cells ? "model was trained for" : "context holds", info.n_context,
                info.n_context < info.n_cells ? "" : ", or raise --ctx-size if the model was trained for more");
  }
}

std::vector<Token> eos_of(const GenerationConfig& config, const Vocab& vocab) {
  return config.eos_token_id ? *config.eos_token_id : vocab.eos();
}

}  // namespace

std::uint64_t random_seed() {
  std::random_device device;
  // 53 bits: a number that JSON and the pages that read it keep exactly.
  return ((static_cast<std::uint64_t>(device()) << 32) | device()) >> 11;
}

void check_prompts(const Request& request, std::span<const ModelInfo* const> models) {
  if (request.prompt.empty()) throw Error(ErrorKind::usage, "the prompt is empty: there is nothing to continue");
  // One that only guesses may have a vocabulary of its own.
  const std::size_t n_targets = models.size() - static_cast<std::size_t>(request.n_drafting);
  for (const ModelInfo* each : models.first(n_targets)) check_tokens("prompt", request.prompt, *each);
  check_prompt("prompt", request.prompt, *models[0]);
  check_prompt("negative prompt", request.negative_prompt, *models[0]);
  const int length = static_cast<int>(request.prompt.size());
  if (const int longest = longest_text(request, models); length > longest) {
    throw Error(ErrorKind::data,
                "the prompt has {} tokens, and with these models and options at most {} can be continued: shorten it",
                length, longest);
  }
  if (request.config.forced_bos_token_id && length != 1) {
    throw Error(ErrorKind::usage, "forced_bos_token_id follows a prompt of one token, and this one has {}: drop it",
                length);
  }
  if (request.config.max_length && length >= *request.config.max_length) {
    throw Error(ErrorKind::usage, "the prompt has {} tokens and max_length is {}, the prompt included: raise it",
                length, *request.config.max_length);
  }
}

int longest_text(const Request& request, std::span<const ModelInfo* const> models) {
  int longest = models[0]->n_context;
  const bool all_read_all = request.config.amateur_context == 0;
  for (const ModelInfo* each : models.first(models.size() - static_cast<std::size_t>(request.n_drafting))) {
    if (all_read_all) longest = std::min(longest, each->n_context);
  }
  const std::ptrdiff_t more = std::ssize(request.negative_prompt) - std::ssize(request.prompt);
  if (request.config.guidance_scale != 1 && more > 0) longest -= static_cast<int>(more);
  return request.does.looks_ahead ? longest - 1 : longest;
}

void compile(Request& request, const Vocab& vocab, std::span<const ModelInfo* const> models) {
  ChainSetup setup;
  setup.vocab = &vocab;
  setup.eos = eos_of(request.config, vocab);
  setup.max_length =
      std::min(max_length(request.config, static_cast<int>(request.prompt.size())), longest_text(request, models));
  setup.healed = request.healed;
  setup.own = request.processors;
  // As in Hugging Face: every beam has a continuation that does not end it.
  if (request.does.keeps_beams) setup.min_tokens_to_keep = std::max(2, static_cast<int>(setup.eos.size()) + 1);
  const StopRules checked(request.config, vocab, static_cast<int>(request.prompt.size()),
                          setup.max_length);  // or throws
  request.chain = std::make_shared<const Chain>(request.config, request.does.draws, setup);
}

}  // namespace decant
