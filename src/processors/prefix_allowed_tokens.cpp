// Prefix-allowed tokens: a function of the text so far, prompt included, says which tokens may follow.
//
// Source: De Cao et al., "Autoregressive Entity Retrieval", ICLR 2021. Equals Hugging Face's
// PrefixConstrainedLogitsProcessor for one sequence. Deviation: a function that allows nothing is an error there; here
// no token is left, which the chain reports.

#include <functional>
#include <utility>

#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

class PrefixAllowedTokens final : public Processor {
 public:
  using Function = std::function<std::vector<Token>(std::span<const Token> tokens)>;

  explicit PrefixAllowedTokens(Function function) : function_(std::move(function)) { assert(function_); }

  std::string_view name() const override { return "prefix_allowed_tokens_fn"; }
  void operator()(Scores& scores, const Context& context) const override {
    const std::vector<Token> ids = function_(context.tokens);
    check_token_ids(name(), ids, scores.n_vocab());
    std::vector<bool> allowed(static_cast<std::size_t>(scores.n_vocab()));
    for (const Token id : ids) allowed[id] = true;
    scores.keep_if([&](Token id, float) { return allowed[id]; });
  }

 private:
  Function function_;
};

const Registered<ProcessorRow> row({
    .option = "prefix_allowed_tokens_fn",
    .part = ChainPart::edit,
    .place = 1500,
    .is_on = [](const auto& c, const auto&) { return c.prefix_allowed_tokens_fn != nullptr; },
    .make = [](const auto& c, const auto&) { return made<PrefixAllowedTokens>(c.prefix_allowed_tokens_fn); },
});

}  // namespace
}  // namespace decant
