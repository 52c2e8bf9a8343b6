// Which weights of a file are no numbers.
#pragma once

#include <filesystem>
#include <string>

namespace decant {

// The first tensor, in the order of the files, with an element that is not finite; "" where there is none. Reads them
// all: seconds for some GB. Throws what check_gguf() throws.
std::string first_damaged_tensor(const std::filesystem::path& path, int n_splits);

}  // namespace decant
