// Allowed tokens: no other token may be written. (vLLM's allowed_token_ids; Hugging Face has it as a function only.)

#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

class AllowedTokens final : public Processor {
 public:
  AllowedTokens(const std::vector<Token>& ids, int n_vocab) {
    check_token_ids(name(), ids, n_vocab);
    allowed_.resize(static_cast<std::size_t>(n_vocab));
    for (const Token id : ids) allowed_[id] = true;
  }

  std::string_view name() const override { return "allowed_token_ids"; }
  void operator()(Scores& scores, const Context&) const override {
    assert(std::ssize(allowed_) == scores.n_vocab());
    scores.keep_if([this](Token id, float) { return allowed_[id]; });
  }

 private:
  std::vector<bool> allowed_;  // for every id of the vocabulary
};

const Registered<ProcessorRow> row({
    .option = "allowed_token_ids",
    .part = ChainPart::edit,
    .place = 1600,
    .is_on = [](const auto& c, const auto&) { return !c.allowed_token_ids.empty(); },
    .make = [](const auto& c,
               const auto& setup) { return made<AllowedTokens>(c.allowed_token_ids, setup.needed_vocab().size()); },
});

}  // namespace
}  // namespace decant
