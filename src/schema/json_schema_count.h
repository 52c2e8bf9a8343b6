// How many values a schema has.
#pragma once

#include <string>

#include "schema/json_schema_merge.h"

namespace decant {

// At least so many values, and no more than `enough`, are different texts of the schema's grammar. Where that is hard
// to say it is fewer than there are.
long least_number_of_values(const OrderedJson& schema, long enough, const SchemaMerger& merger,
                            const std::string& place);

}  // namespace decant
