// How a GGUF file says that its model is to be sampled from: general.sampling.*, by the names of our options. What its
// sequence of samplers does not list is off, and left out; the sequence comes last, as sampler_order.
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
