// One point in a text that follows a grammar: which tokens may come next.
//
// Immutable: after() is another point, so that texts that branch or go back need nothing special. What the points of
// one text have in common they share, and remember: one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/token.h"

namespace decant {

class Grammar {
 public:
  virtual ~Grammar() = default;

  // By token id. The tokens that end a sequence are allowed exactly where the text may end; other tokens without text
  // (control tokens) where the grammar names them. Valid until allowed() is called for any other point of the text.
  virtual const std::vector<bool>& allowed() const = 0;

  // Text that must come next, whatever is written: whole characters, until there are `most` bytes. Empty where more
  // than one character may come, where the text may end, and inside a character; and where nobody knows.
  virtual std::string forced(std::size_t /*most*/) const { return {}; }

  // The point behind `token`. Behind a token that is not allowed nothing is; behind the end only the end.
  virtual std::unique_ptr<const Grammar> after(Token token) const = 0;
};

}  // namespace decant
