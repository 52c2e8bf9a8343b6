// JSON schemas (drafts 4 to 2020-12) as GBNF grammars.
//
// Every text of the grammar is a JSON value that the schema allows. The reverse does not hold: properties come in the
// order of the schema, and what is not declared is left out where that may be (properties beside declared ones when
// additionalProperties is absent, values of other types than the ones the keywords speak of, numbers with more than 15
// digits). What would need memory of the text, or the absence of something, is refused by name: not, if, multipleOf,
// contains, dependencies, oneOf with alternatives that may hold together, references to other documents; but for
// uniqueItems, for which the grammar has a rule of a special name (base/unique_items_rule.h). Keywords that JSON Schema
// does not know mean nothing there, nor here.
//
// Not llama.cpp's converter, whose grammars allow texts that are no JSON (a pattern with `.` or `[^,]` writes quotes
// and backslashes, the keys beside declared ones hold line ends) or do not follow the schema (bounds of `number`,
// siblings of anyOf and allOf, required names that are not declared, lengths above 2000, and all the keywords above are
// ignored).
#pragma once

#include <string>
#include <string_view>

namespace decant {

// Throws Error(usage), with the place and the keyword, for a schema that is none or cannot be expressed.
std::string json_schema_to_gbnf(std::string_view schema);

}  // namespace decant
