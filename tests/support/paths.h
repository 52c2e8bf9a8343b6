// Where tests find what is not compiled into them.
#pragma once

#include <filesystem>

namespace decant::test {

std::filesystem::path source_folder();  // the checkout
std::filesystem::path models_folder();  // what scripts/test_models.sh makes
std::filesystem::path goldens_folder();
std::filesystem::path schemas_folder();
std::filesystem::path zoo_folder();  // tiny models of many architectures

}  // namespace decant::test
