// The strings that a flattened schema allows.
#pragma once

#include <optional>

#include "schema/automaton.h"
#include "schema/gbnf_text.h"
#include "schema/json_schema_merge.h"
#include "schema/regex.h"
#include "schema/shared_length.h"

namespace decant {

class StringLanguage {
 public:
  // By the keywords pattern, format, minLength and maxLength. Throws for what cannot be expressed.
  StringLanguage(const OrderedJson& flat, const std::string& place);

  bool is_empty() const;
  bool contains(std::u32string_view text) const;
  long least_number(long enough) const;      // of texts that gbnf() has: at least so many, and no more than `enough`
  Dfa automaton() const;                     // throws Error(usage), a clause, if it is too large
  std::string gbnf(GbnfRules& rules) const;  // as JSON strings; not of the empty language

 private:
  void limit(long least, long most, const std::string& said, const std::string& place);

  CharacterRun run_;
  std::optional<Dfa> dfa_;               // instead of the run
  long most_ = -1;                       // characters, beside the automaton
  std::optional<SharedLength> written_;  // where most_ is too much to count: those of the texts that are written
};

// A whole number that is not negative; `absent` if the keyword is.
long count_of(const OrderedJson& flat, const char* keyword, long absent, const std::string& place);

// The strings in which a pattern is found.
Dfa pattern_automaton(const std::string& pattern, const std::string& place);

}  // namespace decant
