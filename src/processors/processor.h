// A logits processor: a pure function on the scores of the next token, given the tokens before it.
//
// Parameters are checked by the constructor, which throws Error(usage) for one that cannot be carried out.
#pragma once

#include <span>
#include <string_view>

#include "base/token.h"
#include "processors/scores.h"

namespace decant {

class Processor {
 public:
  virtual ~Processor() = default;

  virtual std::string_view name() const = 0;  // of the option that asks for it; lives as long as the program

  // `tokens`: everything so far, the prompt included.
  virtual void operator()(Scores& scores, std::span<const Token> tokens) const = 0;
};

}  // namespace decant
