#include <string>

#include "fuzz/targets.h"
#include "schema/json_schema.h"

namespace decant::fuzz {

void schema(std::string_view bytes) {
  std::string grammar;
  if (!refuses([&] { grammar = json_schema_to_gbnf(bytes); }))
    hold(grammar.find("root ::=") != grammar.npos, "a grammar");
}

}  // namespace decant::fuzz
