#include "processors/occurrence_penalty.h"

#include "base/error.h"
#include "processors/last_tokens.h"

namespace decant {
namespace {

float checked_penalty(std::string_view option, double penalty) {
  const auto value = static_cast<float>(penalty);
  if (!std::isfinite(value)) throw Error(ErrorKind::usage, "{} is {}: it must be a finite number", option, penalty);
  return value;
}

}  // namespace

OccurrencePenalty::OccurrencePenalty(double frequency, double presence, int last_n)
    : frequency_(checked_penalty("frequency_penalty", frequency)),
      presence_(checked_penalty("presence_penalty", presence)),
      last_n_(checked_last_n(last_n)) {}

void OccurrencePenalty::operator()(Scores& scores, const Context& context) const {
  const auto tokens = last_tokens(context.tokens, last_n_);
  std::vector<float> counts(static_cast<std::size_t>(scores.n_vocab()));
  for (const Token id : tokens) ++counts[id];
  scores.edit(tokens, [&](Token id, float score) { return score - (counts[id] * frequency_ + presence_); });
}

}  // namespace decant
