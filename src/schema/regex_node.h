// What a regular expression is made of, between parsing (regex_parser.cpp) and automata (regex.cpp).
#pragma once

#include <string_view>
#include <vector>

#include "schema/regex.h"

namespace decant {

struct Regex::Node {
  enum Kind : char {
    characters,  // one of `set`
    before,      // nothing, behind one of `set` or, if or_edge, at the beginning
    behind,      // nothing, before one of `set` or, if or_edge, at the end
    sequence,    // all `parts`
    choice,      // one of `parts`
    repeat,      // parts[0], least to most times; most < 0: without end
    ahead,       // nothing, where parts[0] begins (or, if negated, does not)
    back,        // nothing, where parts[0] ends (or, if negated, does not)
    compiled     // a text of `dfa`
  };

  Kind kind = sequence;
  CodePointSet set = {};
  bool or_edge = false;
  std::vector<Node> parts = {};
  long least = 1, most = 1;
  bool negated = false;
  Dfa dfa = {};
};

// The pattern as a choice of sequences.
Regex::Node parse_regex(std::string_view pattern);

}  // namespace decant
