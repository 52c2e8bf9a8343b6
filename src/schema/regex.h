// Regular expressions of JSON Schema (ECMA-262 with the u flag) as automata over the strings in which they are found.
//
// Supported: characters and escapes, classes with \d \w \s and \p (general categories and scripts), groups,
// alternatives, quantifiers (a lazy one is found in the same strings), ^, $, \b and \B anywhere, the flags i, m and s
// as (?i) or (?i:..), lookaround over one character anywhere, and over more of them outside of groups. Not: back
// references, and other lookaround.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "schema/automaton.h"

namespace decant {

class Regex {
 public:
  // Throws Error(usage), a clause that says what of the pattern cannot be expressed.
  explicit Regex(std::string_view pattern);
  Regex(const Regex&) = delete;
  ~Regex();

  // Of all strings in which the pattern is found. Throws the same.
  Dfa automaton() const;

  // When these strings are a run: then any numbers of repetitions can be had without an automaton.
  std::optional<CharacterRun> run() const;

  struct Node;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace decant
