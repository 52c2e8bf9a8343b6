#include "cli/command.h"

namespace decant {

std::span<const Command> commands() {
  static constexpr Command table[] = {
      {"run", "continue a prompt, or answer it", run_command},
  };
  return table;
}

}  // namespace decant
