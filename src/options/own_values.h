// The values of own options (option.h), which are no members of the struct that they belong to: by the names of their
// rows, which live as long as the program. What was never set is not there.
//
// Nothing of it is inline: every file that sees options would compile vectors of variants.
#pragma once

#include <string_view>
#include <vector>

#include "options/field.h"

namespace decant {

class OwnValues {
 public:
  OwnValues();
  OwnValues(const OwnValues& other);
  OwnValues(OwnValues&& other) noexcept;
  OwnValues& operator=(const OwnValues& other);
  OwnValues& operator=(OwnValues&& other) noexcept;
  ~OwnValues();

  const OwnValue* find(std::string_view name) const;
  OwnValue& at(std::string_view name, const OwnValue& by_default);  // put there if it was not
  void erase(std::string_view name);

 private:
  struct Named;
  std::vector<Named> values_;  // few
};

}  // namespace decant
