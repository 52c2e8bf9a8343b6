#include <string>

#include "cli/grid_file.h"
#include "fuzz/targets.h"

namespace decant::fuzz {

void yaml(std::string_view bytes) {
  refuses([&] { parse_grid_file(std::string(bytes), "sweep.yaml"); });
}

}  // namespace decant::fuzz
