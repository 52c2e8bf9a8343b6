// No n-gram twice: removes every token that would complete a sequence of n tokens that the text, prompt included, has;
// or, for encoder_no_repeat_ngram_size, one that the prompt has.
//
// n = 1 removes every token that has occurred. Source: Paulus et al., "A Deep Reinforced Model for Abstractive
// Summarization", ICLR 2018. Equal Hugging Face's NoRepeatNGramLogitsProcessor and EncoderNoRepeatNGramLogitsProcessor.

#include "processors/followers.h"
#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

class NoRepeatNgram final : public Processor {
 public:
  explicit NoRepeatNgram(int n) : n_(static_cast<std::size_t>(n)) {
    if (n < 1) throw Error(ErrorKind::usage, "no_repeat_ngram_size is {}: it must be at least 1", n);
  }

  std::string_view name() const override { return "no_repeat_ngram_size"; }
  void operator()(Scores& scores, const Context& context) const override {
    if (context.tokens.size() < n_) return;
    remove_tokens(scores, followers(context.tokens, context.tokens.last(n_ - 1)));
  }

 private:
  std::size_t n_;
};

class EncoderNoRepeatNgram final : public Processor {
 public:
  explicit EncoderNoRepeatNgram(int n) : n_(static_cast<std::size_t>(n)) {
    if (n < 1) throw Error(ErrorKind::usage, "encoder_no_repeat_ngram_size is {}: it must be at least 1", n);
  }

  std::string_view name() const override { return "encoder_no_repeat_ngram_size"; }
  void operator()(Scores& scores, const Context& context) const override {
    if (context.tokens.size() + 1 < n_) return;
    remove_tokens(scores, followers(context.prompt(), context.tokens.last(n_ - 1)));
  }

 private:
  std::size_t n_;
};

const Registered<ProcessorRow> row({
    .option = "no_repeat_ngram_size",
    .part = ChainPart::edit,
    .place = 1000,
    .is_on = [](const auto& c, const auto&) { return c.no_repeat_ngram_size > 0; },
    .make = [](const auto& c, const auto&) { return made<NoRepeatNgram>(c.no_repeat_ngram_size); },
});

const Registered<ProcessorRow> encoder_row({
    .option = "encoder_no_repeat_ngram_size",
    .part = ChainPart::edit,
    .place = 1100,
    .is_on = [](const auto& c, const auto&) { return c.encoder_no_repeat_ngram_size > 0; },
    .make = [](const auto& c, const auto&) { return made<EncoderNoRepeatNgram>(c.encoder_no_repeat_ngram_size); },
});

}  // namespace
}  // namespace decant
