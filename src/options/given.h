// Which options of a struct were given explicitly.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace decant {

// Options are known by the names of their rows, which live as long as the program.
class Given {
 public:
  bool test(std::string_view name) const { return std::binary_search(names_.begin(), names_.end(), name); }
  void set(std::string_view name) {
    const auto place = std::lower_bound(names_.begin(), names_.end(), name);
    if (place == names_.end() || *place != name) names_.insert(place, name);
  }
  void reset(std::string_view name) { std::erase(names_, name); }
  std::size_t count() const { return names_.size(); }
  bool none() const { return names_.empty(); }
  bool operator==(const Given&) const = default;

 private:
  std::vector<std::string_view> names_;  // sorted
};

}  // namespace decant
