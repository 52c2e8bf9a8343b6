// The types of JSON Schema: of a value, of what a keyword speaks of, and of the values of a flattened schema.
#pragma once

#include <string_view>

#include "schema/json_schema_merge.h"

namespace decant {

std::string_view type_of(const OrderedJson& value);  // "integer" for whole numbers

// The type of values that a keyword speaks of; "" for all types.
std::string_view type_of_keyword(std::string_view key);

bool is_of_type(std::string_view type, std::string_view expected);  // an integer is a number

// Arrays of type names.
OrderedJson named_types(const OrderedJson& schema);    // by the keyword type, which is there
OrderedJson implied_types(const OrderedJson& schema);  // those that the first other keyword speaks of; empty for none
OrderedJson valid_types(const OrderedJson& schema);    // of values that satisfy the schema
OrderedJson written_types(const OrderedJson& schema);  // of values that its grammar has

// Whether a value can be of a type of both.
bool types_meet(const OrderedJson& a, const OrderedJson& b);

}  // namespace decant
