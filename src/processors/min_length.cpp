// Minimum length: no token that ends the sequence before the text, prompt included, has min_length tokens, or before
// min_new_tokens have been written.
//
// Equal Hugging Face's MinLengthLogitsProcessor and MinNewTokensLengthLogitsProcessor.

#include <utility>

#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

class MinLength final : public Processor {
 public:
  MinLength(int n, std::vector<Token> eos) : n_(static_cast<std::size_t>(n)), eos_(std::move(eos)) {
    if (n < 0) throw Error(ErrorKind::usage, "min_length is {}: it must be at least 0", n);
  }

  std::string_view name() const override { return "min_length"; }
  void operator()(Scores& scores, const Context& context) const override {
    check_token_ids("eos_token_id", eos_, scores.n_vocab());
    if (context.tokens.size() < n_) remove_tokens(scores, eos_);
  }

 private:
  std::size_t n_;
  std::vector<Token> eos_;
};

class MinNewTokens final : public Processor {
 public:
  MinNewTokens(int n, std::vector<Token> eos) : n_(n), eos_(std::move(eos)) {
    if (n < 0) throw Error(ErrorKind::usage, "min_new_tokens is {}: it must be at least 0", n);
  }

  std::string_view name() const override { return "min_new_tokens"; }
  void operator()(Scores& scores, const Context& context) const override {
    check_token_ids("eos_token_id", eos_, scores.n_vocab());
    if (context.n_new() < n_) remove_tokens(scores, eos_);
  }

 private:
  int n_;
  std::vector<Token> eos_;
};

const Registered<ProcessorRow> length_row({
    .option = "min_length",
    .part = ChainPart::edit,
    .place = 1300,
    .is_on = [](const auto& c, const auto&) { return c.min_length > 0; },
    .make = [](const auto& c, const auto& setup) { return made<MinLength>(c.min_length, setup.eos); },
});

const Registered<ProcessorRow> new_tokens_row({
    .option = "min_new_tokens",
    .part = ChainPart::edit,
    .place = 1400,
    .is_on = [](const auto& c, const auto&) { return c.min_new_tokens > 0; },
    .make = [](const auto& c, const auto& setup) { return made<MinNewTokens>(c.min_new_tokens, setup.eos); },
});

}  // namespace
}  // namespace decant
