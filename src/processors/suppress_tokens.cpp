// Suppressed tokens: never written, or not as the first new token.
//
// Equal Hugging Face's SuppressTokensLogitsProcessor and SuppressTokensAtBeginLogitsProcessor.

#include <utility>

#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

class SuppressTokens final : public Processor {
 public:
  explicit SuppressTokens(std::vector<Token> ids) : ids_(std::move(ids)) {}

  std::string_view name() const override { return "suppress_tokens"; }
  void operator()(Scores& scores, const Context&) const override {
    check_token_ids(name(), ids_, scores.n_vocab());
    remove_tokens(scores, ids_);
  }

 private:
  std::vector<Token> ids_;
};

class BeginSuppressTokens final : public Processor {
 public:
  // `forced_bos`: there is a forced_bos_token_id. Behind a prompt of one token it comes first, and the next is meant.
  BeginSuppressTokens(std::vector<Token> ids, bool forced_bos) : ids_(std::move(ids)), forced_bos_(forced_bos) {}

  std::string_view name() const override { return "begin_suppress_tokens"; }
  void operator()(Scores& scores, const Context& context) const override {
    check_token_ids(name(), ids_, scores.n_vocab());
    const int begin = forced_bos_ && context.n_prompt <= 1 ? 1 : 0;
    if (context.n_new() == begin) remove_tokens(scores, ids_);
  }

 private:
  std::vector<Token> ids_;
  bool forced_bos_;
};

const Registered<ProcessorRow> always_row({
    .option = "suppress_tokens",
    .part = ChainPart::edit,
    .place = 2300,
    .is_on = [](const auto& c, const auto&) { return !c.suppress_tokens.empty(); },
    .make = [](const auto& c, const auto&) { return made<SuppressTokens>(c.suppress_tokens); },
});

const Registered<ProcessorRow> begin_row({
    .option = "begin_suppress_tokens",
    .part = ChainPart::edit,
    .place = 2400,
    .is_on = [](const auto& c, const auto&) { return !c.begin_suppress_tokens.empty(); },
    .make =
        [](const auto& c, const auto&) {
          return made<BeginSuppressTokens>(c.begin_suppress_tokens, c.forced_bos_token_id.has_value());
        },
});

}  // namespace
}  // namespace decant
