// Typical-p (locally typical sampling): the tokens whose surprise is nearest to the expected one, until they have the
// mass p. The likeliest token may be among those that go.
//
// Surprise is -ln p, its expectation the entropy H. A token stays if |-ln p - H| is not larger than for the one with
// which the mass reaches p; what ties with that one stays too.
// Source: Meister et al., "Locally Typical Sampling", TACL 2023. Equals Hugging Face's TypicalLogitsWarper. (Others
// differ: libllama stops only when the mass exceeds p, and keeps of equals what its sort puts first.) Deviation: p = 1
// does nothing here and is an error there.
#pragma once

#include "processors/processor.h"

namespace decant {

class TypicalP final : public Processor {
 public:
  explicit TypicalP(double mass, int min_tokens_to_keep = 1);  // 0 < mass <= 1, min_tokens_to_keep >= 1

  std::string_view name() const override { return "typical_p"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double mass_;
  int min_tokens_to_keep_;
};

}  // namespace decant
