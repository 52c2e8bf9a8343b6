// Dynamic temperature: scores / T, with a T that rises with the entropy: low where the model is sure, high where not.
//
// T = low + (high - low) * (H / ln n)^exponent; low = max(0, temperature - range), high = temperature + range; H is the
// entropy and n the number of the tokens that are left. T = 0 leaves the likeliest alone.
// Source: KoboldCpp, later libllama. Equals libllama's temp_ext sampler. Deviation: n does not count removed tokens
// (there it does, where a sampler set their logits to -infinity).

#include "processors/row.h"

namespace decant {
namespace {

double checked(std::string_view option, double value, bool valid, std::string_view range) {
  if (!valid || !std::isfinite(value)) throw Error(ErrorKind::usage, "{} is {}: it must be {}", option, value, range);
  return value;
}

class DynamicTemperature final : public Processor {
 public:
  DynamicTemperature(double temperature, double range, double exponent)
      : low_(std::max(0.0, checked("temperature", temperature, temperature >= 0, "0 or more") - range)),
        high_(temperature + checked("dynatemp_range", range, range >= 0, "0 or more")),
        exponent_(checked("dynatemp_exponent", exponent, exponent > 0, "above 0")) {}

  std::string_view name() const override { return "dynatemp_range"; }
  void operator()(Scores& scores, const Context&) const override {
    const int n = scores.kept();
    if (n < 2) return;
    const double share = std::min(1.0, scores.entropy() / std::log(n));
    constexpr double largest = std::numeric_limits<float>::max();
    const auto temperature = static_cast<float>(std::min(low_ + (high_ - low_) * std::pow(share, exponent_), largest));
    if (temperature < std::numeric_limits<float>::min()) {
      scores.keep_best(1);
    } else {
      scores.divide(temperature);
    }
  }

 private:
  double low_, high_, exponent_;
};

const Registered<ProcessorRow> row({
    .option = "dynatemp_range",
    .part = ChainPart::warper,
    .place = 300,
    .order_names = {"temperature"},
    .is_on = [](const auto& c, const auto&) { return c.dynatemp_range > 0; },
    .make = [](const auto& c,
               const auto&) { return made<DynamicTemperature>(c.temperature, c.dynatemp_range, c.dynatemp_exponent); },
});

}  // namespace
}  // namespace decant
