// DRY (don't repeat yourself): a token that would prolong a repetition becomes less likely, the more so the longer the
// repetition is.
//
// If the last L tokens have occurred before and `token` came next there, its score falls by
// multiplier * base^(L - allowed_length), with its largest L, from L = allowed_length on. No repetition reaches back
// across a sequence breaker, and no token that holds a whole breaker is penalised. Breakers are texts: a run of tokens
// that holds one, which may begin inside the first of them, counts; the word none takes back those before it, so that
// by itself it is no breaker at all. The exponent is limited where base^exponent would
// leave the range of a float.
// Source: text-generation-webui, pull request 5677. Equals libllama's dry sampler, which also cuts breakers to 40 bytes
// and 20 tokens behind the first. Deviations: last_n = -1 is the whole text (there, off); blanks at the start of a
// SentencePiece token count (there, they are stripped).

#include <string>
#include <unordered_map>

#include "processors/row.h"

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

class Dry final : public Processor {
 public:
  Dry(const GenerationConfig& config, const Vocab& vocab);  // looks at every token of the vocabulary

  std::string_view name() const override { return "dry_multiplier"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  using Tail = std::vector<Token>;

  void add_breaker(const std::string& text, const Vocab& vocab);
  int reach(std::span<const Token> window) const;
  bool is_breaker(Token token) const;
  float penalty(int length) const;

  float multiplier_, base_;
  int allowed_length_, last_n_;
  int max_exponent_ = 0;                                   // 0: no limit
  std::unordered_map<Token, std::vector<Tail>> breakers_;  // by first token: the tokens that follow it
};

Dry::Dry(const GenerationConfig& config, const Vocab& vocab)
    : multiplier_(static_cast<float>(config.dry_multiplier)),
      base_(static_cast<float>(config.dry_base)),
      allowed_length_(config.dry_allowed_length),
      last_n_(config.dry_penalty_last_n) {
  if (!(config.dry_multiplier >= 0 && std::isfinite(multiplier_))) {
    throw Error(ErrorKind::usage, "dry_multiplier is {}: it must be 0 or more", config.dry_multiplier);
  }
  if (!(config.dry_base >= 1 && std::isfinite(base_))) {
    throw Error(ErrorKind::usage, "dry_base is {}: it must be 1 or more", config.dry_base);
  }
  if (allowed_length_ < 1) {
    throw Error(ErrorKind::usage, "dry_allowed_length is {}: it must be at least 1", allowed_length_);
  }
  if (last_n_ < -1) {
    throw Error(ErrorKind::usage, "dry_penalty_last_n is {}: it must be -1 for all tokens, or 0 or more", last_n_);
  }
  constexpr float log_largest = 88.7228391f;
  if (base_ > 1.000001f) max_exponent_ = static_cast<int>(log_largest / std::log(base_));
  for (const std::string& text : config.dry_sequence_breakers) {
    text == "none" ? breakers_.clear() : add_breaker(text.substr(0, 40), vocab);
  }
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
  constexpr double largest = std::numeric_limits<float>::max();
  return static_cast<float>(std::min(multiplier_ * std::pow(double{base_}, exponent), largest));
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
  constexpr float lowest = std::numeric_limits<float>::lowest();
  scores.edit(penalised,
              [&](Token token, float score) { return std::max(score - penalty(longest.at(token)), lowest); });
}

const Registered<ProcessorRow> row({
    .option = "dry_multiplier",
    .part = ChainPart::edit,
    .place = 900,
    .order_names = {"dry"},
    .is_on = [](const auto& c, const auto&) { return c.dry_multiplier != 0; },
    .make = [](const auto& c, const auto& setup) { return made<Dry>(c, setup.needed_vocab()); },
});

}  // namespace
}  // namespace decant
