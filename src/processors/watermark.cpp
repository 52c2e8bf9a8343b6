// Watermark: green tokens become more likely, so that a text written with it has more of them than chance would give.
//
// score += bias for the green tokens. With lefthash that is the green list behind the text; with selfhash, which has
// another list for every candidate, the green ones among the 40 best. Nothing is done as long as the text has fewer
// than context_width tokens.
// Equals Hugging Face's WatermarkLogitsProcessor. Deviation: with selfhash, a vocabulary of fewer than 40 tokens or 40
// candidates without a green one are errors there, and nothing special here.

#include "processors/green_list.h"
#include "processors/row.h"

namespace decant {
namespace {

class Watermark final : public Processor {
 public:
  Watermark(const WatermarkConfig& config, int n_vocab) : config_(config), green_list_(config, n_vocab) {}

  std::string_view name() const override { return "watermark"; }
  void operator()(Scores& scores, const Context& context) const override {
    if (std::ssize(context.tokens) < config_.context_width) return;
    const auto bias = static_cast<float>(config_.bias);
    scores.edit(green(scores, context.tokens), [bias](float score) { return score + bias; });
  }

 private:
  std::vector<Token> green(Scores& scores, std::span<const Token> text) const {
    if (!config_.selfhash) return green_list_.behind(text);
    constexpr int n_candidates = 40;
    std::vector<Token> found;
    for (const Candidate& candidate : scores.top(n_candidates)) {
      if (green_list_.contains(text, candidate.id)) found.push_back(candidate.id);
    }
    return found;
  }

  WatermarkConfig config_;
  GreenList green_list_;
};

const Registered<ProcessorRow> row({
    .option = "watermark",
    .part = ChainPart::ending,
    .place = 100,
    .raises = [](const auto& c) { return c.watermark_bias > 0; },
    .is_on = [](const auto& c, const auto&) { return c.watermark; },
    .make = [](const auto& c,
               const auto& setup) { return made<Watermark>(watermark_config(c), setup.needed_vocab().size()); },
});

}  // namespace
}  // namespace decant
