#include "processors/temperature.h"

#include "base/error.h"

namespace decant {

Temperature::Temperature(double temperature)
    : temperature_(std::max(static_cast<float>(temperature), std::numeric_limits<float>::min())) {
  if (!(temperature > 0 && temperature <= std::numeric_limits<float>::max())) {
    throw Error(ErrorKind::usage, "temperature is {}: it must be a positive number to sample with", temperature);
  }
}

void Temperature::operator()(Scores& scores, const Context&) const { scores.divide(temperature_); }

}  // namespace decant
