#include "processors/dynamic_temperature.h"

#include "base/error.h"

namespace decant {
namespace {

double checked(std::string_view option, double value, bool valid, std::string_view range) {
  if (!valid || !std::isfinite(value)) throw Error(ErrorKind::usage, "{} is {}: it must be {}", option, value, range);
  return value;
}

}  // namespace

DynamicTemperature::DynamicTemperature(double temperature, double range, double exponent)
    : low_(std::max(0.0, checked("temperature", temperature, temperature >= 0, "0 or more") - range)),
      high_(temperature + checked("dynatemp_range", range, range >= 0, "0 or more")),
      exponent_(checked("dynatemp_exponent", exponent, exponent > 0, "above 0")) {}

void DynamicTemperature::operator()(Scores& scores, const Context&) const {
  const int n = scores.kept();
  if (n < 2) return;
  const double share = std::min(1.0, scores.entropy() / std::log(n));
  const auto temperature = static_cast<float>(low_ + (high_ - low_) * std::pow(share, exponent_));
  if (temperature < std::numeric_limits<float>::min()) {
    scores.keep_best(1);
  } else {
    scores.divide(temperature);
  }
}

}  // namespace decant
