// What a decision says of the drafts that were there for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "run/trace.h"
#include "strategies/verify.h"

namespace decant {

class SpeculativeTrace : public StrategyTrace {
 public:
  struct Drafted {
    Token token = -1;
    double q = 1;
    std::optional<Trial> trial = {};  // by rejection or block: what its turn was
  };

  std::string_view drafter = {};
  std::string_view verify = {};
  int depth = 0;                  // 0: the token after the text's end at the round's beginning
  std::string_view verdict = {};  // accepted; rejected (another token instead); bonus (behind all that was drafted)
  int source = -1;                // position that the accepted token was copied from; -1: it was not
  std::vector<Drafted> drafted = {};
  std::shared_ptr<const StrategyTrace> scoring = {};  // what else there is to say, or null

  void write(JsonWriter& json, const Vocab& vocab) const override;
};

}  // namespace decant
