// How a GGUF file says that its model is to be sampled from: general.sampling.*, by the names of our options.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace decant {

struct SamplingKey {
  std::string key, option, value;
};

// Throws Error(data) for a file that is no good GGUF.
std::vector<SamplingKey> sampling_keys(const std::filesystem::path& path);

}  // namespace decant
