// Forced tokens: at one position only these are left, each with score 0, even where they had been removed.
//
// Equal Hugging Face's ForcedBOSTokenLogitsProcessor and ForcedEOSTokenLogitsProcessor.

#include <utility>

#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

// Behind a prompt of one token.
class ForcedBos final : public Processor {
 public:
  explicit ForcedBos(Token bos) : bos_(bos) {}

  std::string_view name() const override { return "forced_bos_token_id"; }
  void operator()(Scores& scores, const Context& context) const override {
    const std::span<const Token> only(&bos_, 1);
    check_token_ids(name(), only, scores.n_vocab());
    if (context.tokens.size() == 1) scores.force(only);
  }

 private:
  Token bos_;
};

// As the last token that max_length (prompt included) has room for.
class ForcedEos final : public Processor {
 public:
  ForcedEos(std::vector<Token> eos, int max_length) : eos_(std::move(eos)), max_length_(max_length) {}

  std::string_view name() const override { return "forced_eos_token_id"; }
  void operator()(Scores& scores, const Context& context) const override {
    check_token_ids(name(), eos_, scores.n_vocab());
    if (std::ssize(context.tokens) + 1 == max_length_) scores.force(eos_);
  }

 private:
  std::vector<Token> eos_;
  int max_length_;
};

const Registered<ProcessorRow> bos_row({
    .option = "forced_bos_token_id",
    .part = ChainPart::edit,
    .place = 2000,
    .is_on = [](const auto& c, const auto&) { return c.forced_bos_token_id.has_value(); },
    .make = [](const auto& c, const auto&) { return made<ForcedBos>(*c.forced_bos_token_id); },
});

const Registered<ProcessorRow> eos_row({
    .option = "forced_eos_token_id",
    .part = ChainPart::edit,
    .place = 2100,
    .is_on = [](const auto& c, const auto&) { return !c.forced_eos_token_id.empty(); },
    .make = [](const auto& c, const auto& setup) { return made<ForcedEos>(c.forced_eos_token_id, setup.max_length); },
});

}  // namespace
}  // namespace decant
