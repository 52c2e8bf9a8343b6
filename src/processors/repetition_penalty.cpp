// Repetition penalty: every token that has occurred, in the prompt or since, becomes less likely.
//
// score < 0 ? score * penalty : score / penalty, once per distinct token; below 1 it encourages repetition. The encoder
// repetition penalty ("hallucination penalty") is the same with 1 / penalty, over the prompt alone: every token of the
// prompt becomes more likely, so that the text stays with its words.
// Source: Keskar et al., "CTRL", 2019. Equal Hugging Face's RepetitionPenaltyLogitsProcessor and
// EncoderRepetitionPenaltyLogitsProcessor; last_n is libllama's.

#include "processors/last_tokens.h"
#include "processors/row.h"

namespace decant {
namespace {

class RepetitionPenalty final : public Processor {
 public:
  RepetitionPenalty(double penalty, int last_n)
      : penalty_(static_cast<float>(penalty)), last_n_(checked_last_n(last_n)) {
    if (!std::isnormal(penalty_) || penalty_ < 0) {
      throw Error(ErrorKind::usage,
                  "repetition_penalty is {}: it must be a number from 1e-37 to 1e38, 1 for no penalty", penalty);
    }
  }

  std::string_view name() const override { return "repetition_penalty"; }
  void operator()(Scores& scores, const Context& context) const override {
    scores.edit(last_tokens(context.tokens, last_n_),
                [this](float score) { return score < 0 ? score * penalty_ : score / penalty_; });
  }

 private:
  float penalty_;
  int last_n_;
};

class EncoderRepetitionPenalty final : public Processor {
 public:
  explicit EncoderRepetitionPenalty(double penalty) : inverse_(static_cast<float>(1 / penalty)) {
    if (!std::isnormal(inverse_) || inverse_ < 0) {
      throw Error(ErrorKind::usage,
                  "encoder_repetition_penalty is {}: it must be a number from 1e-37 to 1e37, 1 for no effect", penalty);
    }
  }

  std::string_view name() const override { return "encoder_repetition_penalty"; }
  void operator()(Scores& scores, const Context& context) const override {
    scores.edit(context.prompt(), [this](float score) { return score < 0 ? score * inverse_ : score / inverse_; });
  }

 private:
  float inverse_;  // rounded before it is used, as there
};

const Registered<ProcessorRow> row({
    .option = "repetition_penalty",
    .part = ChainPart::edit,
    .place = 600,
    .order_names = {"penalties"},
    .is_on = [](const auto& c, const auto&) { return c.repetition_penalty != 1; },
    .make = [](const auto& c, const auto&) { return made<RepetitionPenalty>(c.repetition_penalty, c.penalty_last_n); },
});

const Registered<ProcessorRow> encoder_row({
    .option = "encoder_repetition_penalty",
    .part = ChainPart::edit,
    .place = 500,
    .is_on = [](const auto& c, const auto&) { return c.encoder_repetition_penalty != 1; },
    .make = [](const auto& c, const auto&) { return made<EncoderRepetitionPenalty>(c.encoder_repetition_penalty); },
});

}  // namespace
}  // namespace decant
