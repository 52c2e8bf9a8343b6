// The JSON that a client sends: objects in the order in which it wrote them, and nothing that two readers could
// understand differently.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace decant {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonDepth = 64;

// Throws ApiError(400): what is no JSON object, a key that comes twice, deeper nesting.
Json read_json(std::string_view text);

}  // namespace decant
