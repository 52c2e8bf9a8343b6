// Typical-p (locally typical sampling): the tokens whose surprise is nearest to the expected one, until they have the
// mass p. The likeliest token may be among those that go.
//
// Surprise is -ln p, its expectation the entropy H. A token stays if |-ln p - H| is not larger than for the one with
// which the mass reaches p; what ties with that one stays too.
// Source: Meister et al., "Locally Typical Sampling", TACL 2023. Equals Hugging Face's TypicalLogitsWarper. (Others
// differ: libllama stops only when the mass exceeds p, and keeps of equals what its sort puts first.) Deviation: p = 1
// does nothing here and is an error there.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class TypicalP final : public Processor {
 public:
  TypicalP(double mass, int min_tokens_to_keep) : mass_(mass), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(mass > 0 && mass <= 1)) {
      throw Error(ErrorKind::usage, "typical_p is {}: it must be above 0 and at most 1", mass);
    }
  }

  std::string_view name() const override { return "typical_p"; }
  void operator()(Scores& scores, const Context&) const override {
    if (mass_ < 1) scores.keep_typical(mass_, min_tokens_to_keep_);
  }

 private:
  double mass_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "typical_p",
    .part = ChainPart::warper,
    .place = 800,
    .order_names = {"typ_p", "typical_p"},
    .truncates = true,
    .is_on = [](const auto& c, const auto&) { return c.typical_p != 1; },
    .make = [](const auto& c, const auto& setup) { return made<TypicalP>(c.typical_p, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
