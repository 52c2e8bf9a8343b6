#include "processors/green_list.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/error.h"
#include "numerics/torch_permutation.h"

namespace decant {

WatermarkConfig watermark_config(const GenerationConfig& config) {
  return {config.watermark_greenlist_ratio, config.watermark_bias, config.watermark_hashing_key,
          config.watermark_seeding_scheme == "selfhash", config.watermark_context_width};
}

GreenList::GreenList(const WatermarkConfig& config, int n_vocab) : config_(config), n_vocab_(n_vocab) {
  if (!(config.greenlist_ratio > 0 && config.greenlist_ratio < 1)) {
    throw Error(ErrorKind::usage, "watermark_greenlist_ratio is {}: it must be greater than 0 and less than 1",
                config.greenlist_ratio);
  }
  if (!std::isfinite(static_cast<float>(config.bias))) {
    throw Error(ErrorKind::usage, "watermark_bias is {}: it must be a finite number", config.bias);
  }
  n_green_ = static_cast<int>(n_vocab * config.greenlist_ratio);
  if (config.context_width < 1) {
    throw Error(ErrorKind::usage, "watermark_context_width is {}: it must be at least 1", config.context_width);
  }
  if (config.selfhash) table_ = torch_permutation(config.hashing_key, table_size, std::min(table_size, n_vocab));
}

std::vector<Token> GreenList::behind(std::span<const Token> text) const {
  assert(!config_.selfhash && !text.empty());
  return torch_permutation(left_seed(text.back()), n_vocab_, n_green_);
}

bool GreenList::contains(std::span<const Token> text, Token token) const {
  const std::uint64_t seed = config_.selfhash ? self_seed(text, token) : left_seed(text.back());
  return torch_permutation_begins_with(seed, n_vocab_, n_green_, token);
}

// key * last modulo 2^64 - 1, without overflow: 2^64 counts as 1.
std::uint64_t GreenList::left_seed(Token last) const {
  const auto factor = static_cast<std::uint64_t>(last);
  const std::uint64_t key = config_.hashing_key;
  const std::uint64_t high = ((key >> 32) * factor + ((key & 0xffffffff) * factor >> 32)) >> 32;
  const std::uint64_t low = key * factor;
  const std::uint64_t sum = low + high;
  const std::uint64_t carried = sum + (sum < low ? 1 : 0);
  return carried == ~std::uint64_t{0} ? 0 : carried;
}

std::uint64_t GreenList::self_seed(std::span<const Token> text, Token token) const {
  const std::uint64_t own = hash(token);
  const auto seed = [&](Token other) { return static_cast<std::int64_t>(config_.hashing_key * hash(other) * own); };
  std::int64_t smallest = seed(token);
  for (const Token other : text.last(static_cast<std::size_t>(config_.context_width - 1))) {
    smallest = std::min(smallest, seed(other));
  }
  return static_cast<std::uint64_t>(smallest) - (smallest < 0 ? 1 : 0);  // modulo 2^64 - 1
}

}  // namespace decant
