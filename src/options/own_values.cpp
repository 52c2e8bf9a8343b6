#include "options/own_values.h"

#include <algorithm>

namespace decant {

struct OwnValues::Named {
  std::string_view name;
  OwnValue value;
};

OwnValues::OwnValues() = default;
OwnValues::OwnValues(const OwnValues& other) = default;
OwnValues::OwnValues(OwnValues&& other) noexcept = default;
OwnValues& OwnValues::operator=(const OwnValues& other) = default;
OwnValues& OwnValues::operator=(OwnValues&& other) noexcept = default;
OwnValues::~OwnValues() = default;

const OwnValue* OwnValues::find(std::string_view name) const {
  const auto place = std::find_if(values_.begin(), values_.end(), [&](const Named& each) { return each.name == name; });
  return place == values_.end() ? nullptr : &place->value;
}

OwnValue& OwnValues::at(std::string_view name, const OwnValue& by_default) {
  const auto place = std::find_if(values_.begin(), values_.end(), [&](const Named& each) { return each.name == name; });
  return place == values_.end() ? values_.emplace_back(name, by_default).value : place->value;
}

void OwnValues::erase(std::string_view name) {
  std::erase_if(values_, [&](const Named& each) { return each.name == name; });
}

}  // namespace decant
