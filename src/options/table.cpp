#include "options/table.h"

namespace decant {

bool is_same_name(std::string_view a, std::string_view b) {
  const auto bare = [](std::string_view name) { return name.starts_with("--") ? name.substr(2) : name; };
  const auto same = [](char x, char y) { return (x == '_' ? '-' : x) == (y == '_' ? '-' : y); };
  a = bare(a);
  b = bare(b);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

std::string dashed(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

void reject_contradiction(std::string_view a, std::string_view b) {
  throw Error(ErrorKind::usage, "{} contradicts {}: drop one of them", a, b);
}

}  // namespace decant
