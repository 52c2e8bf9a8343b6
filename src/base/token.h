#pragma once

#include <cstdint>

namespace decant {

using Token = std::int32_t;  // an id of some model's vocabulary

}  // namespace decant
