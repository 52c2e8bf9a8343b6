// Whether two alternatives of oneOf exclude each other.
#pragma once

#include <string>

#include "schema/json_schema_merge.h"

namespace decant {

// True: certainly no value that the grammar of one of the two flattened schemas has satisfies the other. They are told
// apart by type, by constants, or by a property that one requires and for which the other has no value.
bool are_disjoint(const OrderedJson& a, const OrderedJson& b, const SchemaMerger& merger, const std::string& place);

}  // namespace decant
