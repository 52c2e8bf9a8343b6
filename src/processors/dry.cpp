#include "processors/dry.h"

#include "base/error.h"

namespace decant {
namespace {

// matches[k]: how many tokens, going back from the k-th before the last, equal those going back from the last. This is
// the Z-function of the reversed text, in linear time.
std::vector<int> matches_with_end(std::span<const Token> text) {
  const int n = static_cast<int>(text.size());
  const auto back = [&](int i) { return text[n - 1 - i]; };
  std::vector<int> matches(text.size());
  int begin = 0, end = 0;  // of the match known that reaches furthest back
  for (int k = 1; k < n; ++k) {
    int length = k < end ? std::min(matches[k - begin], end - k) : 0;
    while (k + length < n && back(length) == back(k + length)) ++length;
    matches[k] = length;
    if (k + length > end) {
      begin = k;
      end = k + length;
    }
  }
  return matches;
}

}  // namespace

Dry::Dry(const DryConfig& config, const Vocab& vocab)
    : multiplier_(static_cast<float>(config.multiplier)),
      base_(static_cast<float>(config.base)),
      allowed_length_(config.allowed_length),
      last_n_(config.last_n) {
  if (!(config.multiplier >= 0 && std::isfinite(multiplier_))) {
    throw Error(ErrorKind::usage, "dry_multiplier is {}: it must be 0 or more", config.multiplier);
  }
  if (!(config.base >= 1 && std::isfinite(base_))) {
    throw Error(ErrorKind::usage, "dry_base is {}: it must be 1 or more", config.base);
  }
  if (allowed_length_ < 1) {
    throw Error(ErrorKind::usage, "dry_allowed_length is {}: it must be at least 1", allowed_length_);
  }
  if (last_n_ < -1) {
    throw Error(ErrorKind::usage, "dry_penalty_last_n is {}: it must be -1 for all tokens, or 0 or more", last_n_);
  }
  constexpr float log_largest = 88.7228391f;
  if (base_ > 1.000001f) max_exponent_ = static_cast<int>(log_largest / std::log(base_));
  for (const std::string& text : config.sequence_breakers) add_breaker(text.substr(0, 40), vocab);
}

// A breaker may begin anywhere in a token; what of it the token does not hold has to follow.
void Dry::add_breaker(const std::string& text, const Vocab& vocab) {
  if (text.empty()) return;
  for (Token token = 0; token < vocab.size(); ++token) {
    const std::string_view bytes = vocab.bytes(token);
    const std::string_view own = bytes.empty() ? vocab.piece(token) : bytes;
    if (own.find(text) != std::string_view::npos) {
      breakers_[token].emplace_back();
      continue;
    }
    for (auto at = own.find(text[0]); at != std::string_view::npos; at = own.find(text[0], at + 1)) {
      if (!text.starts_with(own.substr(at))) continue;
      Tail tail = vocab.tokenize(std::string_view(text).substr(own.size() - at), false, false);
      tail.resize(std::min<std::size_t>(tail.size(), 20));
      breakers_[token].push_back(std::move(tail));
    }
  }
}

// The number of tokens behind the last breaker; of breakers that begin at the same place the longest counts.
int Dry::reach(std::span<const Token> window) const {
  const int n = static_cast<int>(window.size());
  for (int behind = 0; behind < n; ++behind) {
    const auto found = breakers_.find(window[n - 1 - behind]);
    if (found == breakers_.end()) continue;
    int longest = -1;
    for (const Tail& tail : found->second) {
      const int length = static_cast<int>(tail.size());
      if (length <= behind && std::equal(tail.begin(), tail.end(), window.end() - behind)) {
        longest = std::max(longest, length);
      }
    }
    if (longest >= 0) return behind - longest;
  }
  return n;
}

bool Dry::is_breaker(Token token) const {
  const auto found = breakers_.find(token);
  return found != breakers_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [](const Tail& tail) { return tail.empty(); });
}

float Dry::penalty(int length) const {
  int exponent = length - allowed_length_;
  if (max_exponent_ > 0) exponent = std::min(exponent, max_exponent_);
  return static_cast<float>(multiplier_ * std::pow(double{base_}, exponent));
}

void Dry::operator()(Scores& scores, const Context& context) const {
  if (multiplier_ == 0) return;
  const std::size_t size = context.tokens.size();
  const auto window = context.tokens.last(last_n_ < 0 ? size : std::min<std::size_t>(size, last_n_));
  const int n = static_cast<int>(window.size());
  const int limit = reach(window);
  std::unordered_map<Token, int> longest;  // repetition that the token would prolong
  const std::vector<int> matches = matches_with_end(window);
  for (int k = 1; k < n; ++k) {
    const int length = std::min(matches[k], limit);
    if (length < allowed_length_) continue;
    int& own = longest[window[n - k]];
    own = std::max(own, length);
  }
  std::vector<Token> penalised;
  for (const auto& [token, length] : longest) {
    if (!is_breaker(token)) penalised.push_back(token);
  }
  scores.edit(penalised, [&](Token token, float score) { return score - penalty(longest.at(token)); });
}

}  // namespace decant
