// A JSON schema and what it draws in through $ref and allOf as one schema without them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace decant {

using OrderedJson = nlohmann::ordered_json;

// "json_schema: at PLACE: WHAT"
[[noreturn]] void refuse_schema(const std::string& place, const std::string& what);

// The same for a schema that no value satisfies: where it may be left out, the rest can be followed all the same.
struct Unsatisfiable : Error {
  using Error::Error;
};
[[noreturn]] void refuse_unsatisfiable(const std::string& place, const std::string& why = "");

bool is_annotation(std::string_view keyword);  // says nothing about which values are allowed

class SchemaMerger {
 public:
  explicit SchemaMerger(const OrderedJson& document) : document_(document) {}

  // An object of assertions without annotations, $ref and allOf (those may be left in properties, items and
  // alternatives); or `false`, when nothing satisfies the schema. Where several values of pattern or format hold
  // together they are an array.
  OrderedJson flatten(const OrderedJson& schema, const std::string& place) const { return flatten(schema, place, 0); }

  // What a $ref leads to.
  const OrderedJson& resolved(const OrderedJson& reference, const std::string& place) const;

 private:
  OrderedJson flatten(const OrderedJson& schema, const std::string& place, int depth) const;

  const OrderedJson& document_;
  mutable int work_ = 0;
};

}  // namespace decant
