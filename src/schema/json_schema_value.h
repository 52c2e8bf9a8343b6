// Whether a value that is there already, a constant of the schema, is one that a schema allows.
#pragma once

#include <string>

#include "schema/json_schema_merge.h"

namespace decant {

// By all keywords but unevaluated*, which are refused.
bool satisfies(const OrderedJson& value, const OrderedJson& schema, const SchemaMerger& merger,
               const std::string& place);

}  // namespace decant
