// Environment variables that are set to something.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace decant {

inline std::optional<std::filesystem::path> folder_from(const char* variable, const std::filesystem::path& below = {}) {
  const char* value = std::getenv(variable);
  if (!value || !*value) return std::nullopt;
  return below.empty() ? std::filesystem::path(value) : value / below;
}

}  // namespace decant
