// Exponential decay length penalty: from the `start`-th new token on, ending becomes exponentially more attractive.
//
// With k = new tokens - start > 0: score += |score| * (factor^k - 1) for every token that ends the sequence; below 1
// the factor makes ending less attractive. Equals Hugging Face's ExponentialDecayLengthPenalty. Deviation: a removed
// end stays removed; there it turns into a NaN.

#include <fmt/ranges.h>

#include <utility>

#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

class ExponentialDecayLengthPenalty final : public Processor {
 public:
  // start >= 0, factor > 0
  ExponentialDecayLengthPenalty(int start, double factor, std::vector<Token> eos)
      : start_(start), factor_(factor), eos_(std::move(eos)) {
    if (start < 0) throw Error(ErrorKind::usage, "{} starts at {}: it must be at least 0", name(), start);
    if (!(factor > 0 && std::isfinite(factor))) {
      throw Error(ErrorKind::usage, "{} has the factor {}: it must be a positive number", name(), factor);
    }
  }

  std::string_view name() const override { return "exponential_decay_length_penalty"; }
  void operator()(Scores& scores, const Context& context) const override {
    check_token_ids("eos_token_id", eos_, scores.n_vocab());
    const int past = context.n_new() - start_;
    if (past <= 0) return;
    static constexpr float largest = std::numeric_limits<float>::max();  // infinity times a score of 0 is no number
    const auto growth = static_cast<float>(std::min(std::pow(factor_, past) - 1, double{largest}));
    scores.edit(eos_, [growth](float score) { return std::min(score + std::abs(score) * growth, largest); });
  }

 private:
  int start_;
  double factor_;
  std::vector<Token> eos_;
};

ProcessorPtr make(const GenerationConfig& config, const ChainSetup& setup) {
  const std::vector<double>& decay = config.exponential_decay_length_penalty;
  if (decay.size() != 2 || decay[0] != std::floor(decay[0]) || std::abs(decay[0]) > 1e9) {
    throw Error(ErrorKind::usage,
                "exponential_decay_length_penalty is {}: it must be START,FACTOR, a number of tokens and a factor",
                fmt::join(decay, ","));
  }
  return made<ExponentialDecayLengthPenalty>(static_cast<int>(decay[0]), decay[1], setup.eos);
}

const Registered<ProcessorRow> row({
    .option = "exponential_decay_length_penalty",
    .part = ChainPart::edit,
    .place = 2200,
    .raises =
        [](const auto& c) {
          const auto& decay = c.exponential_decay_length_penalty;
          return decay.size() == 2 && decay[1] > 1;
        },
    .is_on = [](const auto& c, const auto&) { return !c.exponential_decay_length_penalty.empty(); },
    .make = make,
});

}  // namespace
}  // namespace decant
