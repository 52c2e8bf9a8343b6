// Whether a text that is there already is one of a grammar, and if not, where it leaves it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "grammar/grammar_rules.h"

namespace decant {

struct GrammarFault {
  std::size_t at;  // the first byte that cannot stand there, of a whole character; the text's size if more must come
  std::string expected;  // what can: "one of ..., or the end"
};

// The text is UTF-8. Throws Error(usage) when it can be read in too many ways to keep.
std::optional<GrammarFault> check_text(GrammarRules rules, std::string_view text);

}  // namespace decant
