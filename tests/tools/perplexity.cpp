// perplexity TEXT TOKENS MODEL...: of the text's first TOKENS tokens, in windows of 512, by our kernels and by ggml's.
// Fails when any of ours is more than 0.1% away.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "hub/hub.h"
#include "support/exactness.h"

namespace {

using namespace decant;
using namespace decant::test;

constexpr std::size_t kWindow = 512, kRows = 64;

double log_probability(std::span<const float> logits, Token token) {
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - most - std::log(sum);
}

double perplexity(const std::string& path, const std::string& text, std::size_t count, const char* kernels) {
  ModelOptions options;
  options.kernels = kernels;
  options.flash_attn = "on";
  const auto file = std::make_shared<const LlamaFile>(resolve_model(path), options);
  Tokens tokens = file->vocab().tokenize(text, false, false);
  if (tokens.size() < count) throw Error(ErrorKind::data, "the text has only {} tokens", tokens.size());
  tokens.resize(count);
  Crowd crowd(file, options, 1, kWindow, 1);
  double sum = 0;
  std::size_t predicted = 0;
  for (std::size_t begin = 0; begin + kWindow <= count; begin += kWindow) {
    crowd.trim(0, 0);
    for (std::size_t i = 0; i < kWindow; i += kRows) {
      for (std::size_t j = i; j < i + kRows; ++j) crowd.add(0, tokens[begin + j]);
      crowd.forward();
      for (std::size_t j = i; j < i + kRows && j + 1 < kWindow; ++j, ++predicted) {
        sum += log_probability(crowd.logits(static_cast<int>(j - i)), tokens[begin + j + 1]);
      }
    }
  }
  return std::exp(-sum / static_cast<double>(predicted));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: perplexity TEXT TOKENS MODEL...\n");
    return static_cast<int>(ErrorKind::usage);
  }
  std::ifstream text_file(argv[1]);
  const std::string text((std::istreambuf_iterator<char>(text_file)), {});
  bool far = false;
  try {
    for (int i = 3; i < argc; ++i) {
      const std::size_t count = std::strtoul(argv[2], nullptr, 10);
      const double ours = perplexity(argv[i], text, count, "on"), theirs = perplexity(argv[i], text, count, "off");
      fmt::print("{:40} ours {:.4f}  ggml's {:.4f}  {:+.3f}%\n", argv[i], ours, theirs, 100 * (ours / theirs - 1));
      std::fflush(stdout);
      far |= std::abs(ours / theirs - 1) > 1e-3;
    }
  } catch (const Error& error) {
    fmt::print(stderr, "perplexity: {}\n", error.what());
    return error.exit_code();
  }
  return far ? 1 : 0;
}
