// References by $id, $anchor and relative URIs as JSON pointers into the document.
#pragma once

#include "schema/json_schema_merge.h"

namespace decant {

// The document with every $ref (and every $dynamicRef that can only mean one place) that leads to a schema inside it
// written as "#/...". Others are left as they are.
OrderedJson with_local_references(OrderedJson document);

}  // namespace decant
