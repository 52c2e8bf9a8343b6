#include <stdexcept>
#include <string>

#include "base/error.h"
#include "fuzz/targets.h"

namespace decant::fuzz {

bool refuses(const std::function<void()>& action) {
  try {
    action();
    return false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) throw;
    return true;
  }
}

void hold(bool truth, std::string_view what) {
  if (!truth) throw std::logic_error("not so: " + std::string(what));
}

}  // namespace decant::fuzz
