#include "llama/llama_grammar.h"

#include "fuzz/targets.h"
#include "grammar/text_check.h"

namespace decant::fuzz {

void grammar(std::string_view bytes) {
  refuses([&] {
    const GrammarRules rules = parse_gbnf(bytes);
    for (const char* text : {"", "a", "{\"a\": [1, 2]}"}) refuses([&] { check_text(rules, text); });
  });
}

}  // namespace decant::fuzz
