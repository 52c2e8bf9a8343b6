// Temperature: scores / T. Below 1 the distribution sharpens, towards greedy; above 1 it flattens, towards uniform.
//
// Equals Hugging Face's TemperatureLogitsWarper. Deviation: a T so small that the quotients overflow is greedy here and
// an error there. T = 0 is not a temperature: whoever builds the chain leaves sampling off instead.

#include "processors/row.h"

namespace decant {
namespace {

class Temperature final : public Processor {
 public:
  explicit Temperature(double temperature)
      : temperature_(static_cast<float>(std::clamp(temperature, double{std::numeric_limits<float>::min()},
                                                   double{std::numeric_limits<float>::max()}))) {
    if (!(temperature > 0 && std::isfinite(temperature))) {
      throw Error(ErrorKind::usage, "temperature is {}: it must be a positive number to sample with", temperature);
    }
  }

  std::string_view name() const override { return "temperature"; }
  void operator()(Scores& scores, const Context&) const override { scores.divide(temperature_); }

 private:
  float temperature_;
};

// With dynatemp_range the temperature is the middle of a range: dynamic_temperature.cpp.
const Registered<ProcessorRow> row({
    .option = "temperature",
    .part = ChainPart::warper,
    .place = 200,
    .order_names = {"temperature"},
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.temperature != 1 && !(c.dynatemp_range > 0); },
    .make = [](const auto& c, const auto&) { return made<Temperature>(c.temperature); },
});

}  // namespace
}  // namespace decant
