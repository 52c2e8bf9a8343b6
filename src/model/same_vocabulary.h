#pragma once

#include <string_view>

#include "model/vocab.h"

namespace decant {

// Throws Error(data) that names the first difference, unless every id is the same token in both.
void check_same_vocabulary(const Vocab& expert, std::string_view expert_name, const Vocab& other,
                           std::string_view other_name);

}  // namespace decant
