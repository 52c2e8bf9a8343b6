#include "server/random_name.h"

#include <random>

namespace decant {

std::string random_name(std::string_view prefix) {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device device;
  std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
  std::string name(prefix);
  for (int i = 0; i < 26; ++i) name += letters[any(device)];
  return name;
}

}  // namespace decant
