#include "drafters/grammar_forced.h"

#include <algorithm>
#include <optional>
#include <string>

namespace decant {
namespace {

constexpr std::size_t kMostText = 512;  // bytes that are looked ahead

// Looks no further than the second that may come: where the text is free, that is soon.
std::optional<Token> only_token(const std::vector<bool>& allowed) {
  const auto first = std::find(allowed.begin(), allowed.end(), true);
  if (first == allowed.end() || std::find(first + 1, allowed.end(), true) != allowed.end()) return std::nullopt;
  return static_cast<Token>(first - allowed.begin());
}

// The last of the tokens, those whose bytes are `text`; none where no token begins with it.
std::vector<Token> ending(std::vector<Token> tokens, const Vocab& vocab, std::string_view text) {
  auto first = tokens.end();
  while (!text.empty() && first != tokens.begin()) {
    const std::string_view bytes = vocab.bytes(*--first);
    if (!text.ends_with(bytes)) return {};
    text.remove_suffix(bytes.size());
  }
  if (!text.empty()) return {};
  return {first, tokens.end()};
}

// As the tokenizer writes it behind other text. Some put a space before every text: then it is asked for what comes
// behind a line.
std::vector<Token> written(const Vocab& vocab, const std::string& text) {
  if (text.empty()) return {};
  std::vector<Token> tokens = ending(vocab.tokenize(text, false, false), vocab, text);
  if (tokens.empty()) tokens = ending(vocab.tokenize("\n" + text, false, false), vocab, text);
  if (text.size() >= kMostText && !tokens.empty()) tokens.pop_back();  // it may have been cut
  return tokens;
}

}  // namespace

std::vector<ForcedToken> forced_tokens(const Grammar& point, const Vocab& vocab, int most) {
  std::vector<ForcedToken> forced;
  std::unique_ptr<const Grammar> reached;
  const Grammar* here = &point;
  std::vector<Token> plan;  // last first
  while (std::ssize(forced) < most) {
    const std::vector<bool>& allowed = here->allowed();
    const std::optional<Token> only = only_token(allowed);
    if (only && (plan.empty() || plan.back() != *only)) plan = {*only};
    if (plan.empty()) {
      plan = written(vocab, here->forced(kMostText));
      std::reverse(plan.begin(), plan.end());
    }
    if (plan.empty() || !allowed[static_cast<std::size_t>(plan.back())]) break;
    const Token token = plan.back();
    plan.pop_back();
    if (vocab.bytes(token).empty()) break;
    forced.push_back({token, only.has_value()});
    reached = here->after(token);
    here = reached.get();
  }
  return forced;
}

}  // namespace decant
