// What a GBNF grammar accepts, asked text by text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "support/real_models.h"

namespace decant::test {

class Language {
 public:
  explicit Language(std::string_view gbnf) : start_(vocab().grammar(gbnf)) {}

  bool contains(std::string_view text) const {
    std::shared_ptr<const Grammar> point = start_;
    for (const Token token : vocab().tokenize(text, false, false)) point = point->after(token);
    return point->allowed()[vocab().eos()[0]];
  }

 private:
  static const LlamaVocab& vocab() { return model_file(kMicro)->vocab(); }  // every byte is a token of it

  std::shared_ptr<const Grammar> start_;
};

}  // namespace decant::test
