#include "support/paths.h"

namespace decant::test {

std::filesystem::path source_folder() { return DECANT_SOURCE_DIR; }
std::filesystem::path models_folder() { return source_folder() / "build/models"; }
std::filesystem::path goldens_folder() { return source_folder() / "tests/support/goldens"; }
std::filesystem::path schemas_folder() { return source_folder() / "tests/support/schemas"; }
std::filesystem::path zoo_folder() { return source_folder() / "tests/zoo"; }

}  // namespace decant::test
