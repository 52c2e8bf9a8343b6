// Which names an object's members may have, and what a schema asks of each.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/automaton.h"
#include "schema/json_schema_merge.h"

namespace decant {

class Names {
 public:
  // By properties, patternProperties, additionalProperties, unevaluatedProperties and propertyNames.
  Names(const OrderedJson& flat, const SchemaMerger& merger, const std::string& place);

  bool allows(const std::string& name) const;  // by propertyNames

  // The schemas of all names that are declared, in the schema's order, and of those required beside them.
  OrderedJson declared(const std::set<std::string>& required) const;

  // The other names, by what is asked of them. Where nothing is said of them they are left out, if others are declared.
  struct Group {
    Dfa names;
    OrderedJson schema;
  };
  std::vector<Group> others(const std::set<std::string>& required) const;

 private:
  struct Pattern {
    Dfa names;
    OrderedJson schema;
  };

  OrderedJson schema_of(const std::string& name) const;
  std::vector<Group> split_by_patterns(Dfa rest) const;

  OrderedJson properties_;
  OrderedJson beside_;      // what additional names are asked that may be written unasked
  OrderedJson undeclared_;  // and those that are required
  std::vector<Pattern> patterns_;
  std::optional<Dfa> allowed_;  // by propertyNames
  const std::string& place_;
};

}  // namespace decant
