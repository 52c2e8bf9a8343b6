// Frequency and presence penalty: tokens that have occurred become less likely, the more often the less.
//
// score -= count * frequency + (count > 0 ? presence : 0), with the count among the last n tokens, prompt included.
// Negative penalties encourage repetition. Equals libllama's penalties sampler apart from its repetition penalty.
// (The services that these two come from do not count the prompt.)

#include "processors/last_tokens.h"
#include "processors/row.h"

namespace decant {
namespace {

float checked_penalty(std::string_view option, double penalty) {
  const auto value = static_cast<float>(penalty);
  if (!std::isfinite(value)) throw Error(ErrorKind::usage, "{} is {}: it must be a finite number", option, penalty);
  return value;
}

class OccurrencePenalty final : public Processor {
 public:
  explicit OccurrencePenalty(const GenerationConfig& config)
      : frequency_(checked_penalty("frequency_penalty", config.frequency_penalty)),
        presence_(checked_penalty("presence_penalty", config.presence_penalty)),
        last_n_(checked_last_n(config.penalty_last_n)) {}

  std::string_view name() const override { return frequency_ != 0 ? "frequency_penalty" : "presence_penalty"; }
  void operator()(Scores& scores, const Context& context) const override {
    scores.edit(last_tokens(context.tokens, last_n_), [this](Token, float score, int count) {
      return score - (static_cast<float>(count) * frequency_ + presence_);
    });
  }

 private:
  float frequency_, presence_;
  int last_n_;
};

bool raises(const GenerationConfig& config) { return config.frequency_penalty < 0 || config.presence_penalty < 0; }

// One processor has both penalties.
const Registered<ProcessorRow> frequency_row({
    .option = "frequency_penalty",
    .part = ChainPart::edit,
    .place = 700,
    .order_names = {"penalties"},
    .raises = raises,
    .is_on = [](const auto& c, const auto&) { return c.frequency_penalty != 0; },
    .make = [](const auto& c, const auto&) { return made<OccurrencePenalty>(c); },
});

const Registered<ProcessorRow> presence_row({
    .option = "presence_penalty",
    .part = ChainPart::edit,
    .place = 800,
    .order_names = {"penalties"},
    .raises = raises,
    .is_on = [](const auto& c, const auto&) { return c.presence_penalty != 0 && c.frequency_penalty == 0; },
    .make = [](const auto& c, const auto&) { return made<OccurrencePenalty>(c); },
});

}  // namespace
}  // namespace decant
