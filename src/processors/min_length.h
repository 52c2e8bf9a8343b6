// Minimum length: no token that ends the sequence before the text, prompt included, has n tokens.
//
// Equals Hugging Face's MinLengthLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

class MinLength final : public Processor {
 public:
  MinLength(std::string_view name, int n, std::vector<Token> eos);  // n >= 0; the name lives as long as the program

  std::string_view name() const override { return name_; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::string_view name_;
  std::size_t n_;
  std::vector<Token> eos_;
};

}  // namespace decant
