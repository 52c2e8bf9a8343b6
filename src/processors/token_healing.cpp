#include "processors/token_healing.h"

#include <algorithm>

#include "processors/row.h"

namespace decant {
namespace {

struct Written final : ProcessorState {
  explicit Written(std::size_t n) : bytes(n) {}
  std::size_t bytes;  // of the prefix
};

std::size_t written(const ProcessorState* state) { return state ? static_cast<const Written*>(state)->bytes : 0; }

bool can_continue(std::string_view rest, std::string_view bytes) {
  return !bytes.empty() && (rest.starts_with(bytes) || bytes.starts_with(rest));
}

const Registered<ProcessorRow> row({
    .option = "token_healing",
    .part = ChainPart::edit,
    .place = 1900,
    .is_on = [](const auto&, const auto& setup) { return !setup.healed.empty(); },
    .make = [](const auto&, const auto& setup) { return made<TokenHealing>(setup.healed, setup.needed_vocab()); },
});

}  // namespace

std::string heal(std::vector<Token>& prompt, const Vocab& vocab) {
  if (prompt.size() < 2) return {};
  const std::string_view last = vocab.bytes(prompt.back());
  if (last.empty()) return {};
  for (Token token = 0; token < vocab.size(); ++token) {
    const std::string_view bytes = vocab.bytes(token);
    if (bytes.size() > last.size() && bytes.starts_with(last)) {
      prompt.pop_back();
      return std::string(last);
    }
  }
  return {};
}

TokenHealing::TokenHealing(std::string prefix, const Vocab& vocab) : prefix_(std::move(prefix)), vocab_(vocab) {}

void TokenHealing::operator()(Scores& scores, const Context& context) const {
  const std::string_view rest = std::string_view(prefix_).substr(written(context.state));
  if (rest.empty()) return;
  bool whole = false;  // a token with all of it is left
  scores.for_each([&](Token token, float) { whole = whole || vocab_.bytes(token).starts_with(rest); });
  scores.keep_if([&](Token token, float) {
    const std::string_view bytes = vocab_.bytes(token);
    return whole ? bytes.starts_with(rest) : can_continue(rest, bytes);
  });
}

StatePtr TokenHealing::start() const { return std::make_shared<Written>(0); }

StatePtr TokenHealing::next(const ProcessorState& state, Token token, double) const {
  return std::make_shared<Written>(std::min(written(&state) + vocab_.bytes(token).size(), prefix_.size()));
}

}  // namespace decant
