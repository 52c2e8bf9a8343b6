#include "drafters/ngram_lookup.h"

#include <algorithm>

namespace decant {

NgramLookup::NgramLookup(int longest, int most, std::vector<Token> stops)
    : longest_(longest), most_(most), stops_(std::move(stops)), ends_(1) {}

NgramLookup::Copy NgramLookup::look_up(std::span<const Token> text) {
  for (const Token token : text.subspan(static_cast<std::size_t>(size_))) append(token);
  if (from_ == 0) return {};
  std::span<const Token> copy = text.subspan(static_cast<std::size_t>(from_));
  copy = copy.first(std::min(copy.size(), static_cast<std::size_t>(most_)));
  const auto stop = std::find_first_of(copy.begin(), copy.end(), stops_.begin(), stops_.end());
  return {from_, copy.first(static_cast<std::size_t>(stop - copy.begin()))};
}

// From the longest n-gram down: the first that is known already is the one to copy from.
void NgramLookup::append(Token token) {
  ++size_;
  from_ = 0;
  if (std::ssize(tail_) <= longest_) tail_.push_back(0);
  for (std::size_t n = tail_.size() - 1; n > 0; --n) {
    const std::uint64_t key = static_cast<std::uint64_t>(tail_[n - 1]) << 32 | static_cast<std::uint32_t>(token);
    const auto [child, is_new] = children_.try_emplace(key, static_cast<int>(ends_.size()));
    if (is_new) ends_.push_back(size_);
    if (!is_new && from_ == 0) from_ = ends_[static_cast<std::size_t>(child->second)];
    tail_[n] = child->second;
  }
}

}  // namespace decant
