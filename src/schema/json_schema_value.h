// Which of the values that are there already, a schema's constants, are ones that it allows.
#pragma once

#include <string>

#include "schema/json_schema_merge.h"

namespace decant {

// Those of the values of `enum` or `const` that all other keywords of a flattened schema allow (but unevaluated*, which
// are refused), each once.
OrderedJson allowed_constants(const OrderedJson& flat, const SchemaMerger& merger, const std::string& place);

}  // namespace decant
