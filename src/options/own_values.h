// The values of own options (option.h), which are no members of the struct that they belong to: by the names of their
// rows, which live as long as the program. What was never set is not there.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "options/field.h"

namespace decant {

class OwnValues {
 public:
  const OwnValue* find(std::string_view name) const {
    const auto place =
        std::find_if(values_.begin(), values_.end(), [&](const Named& each) { return each.name == name; });
    return place == values_.end() ? nullptr : &place->value;
  }

  // Put there if it was not.
  OwnValue& at(std::string_view name, const OwnValue& by_default) {
    const auto place =
        std::find_if(values_.begin(), values_.end(), [&](const Named& each) { return each.name == name; });
    return place == values_.end() ? values_.emplace_back(name, by_default).value : place->value;
  }

  void erase(std::string_view name) {
    std::erase_if(values_, [&](const Named& each) { return each.name == name; });
  }

 private:
  struct Named {
    std::string_view name;
    OwnValue value;
  };
  std::vector<Named> values_;  // few
};

}  // namespace decant
