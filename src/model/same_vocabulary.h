#pragma once

#include <optional>
#include <string_view>

#include "model/vocab.h"

namespace decant {

// The first id that is not the same token in both; nullopt: they are the same, to the last one.
std::optional<Token> first_difference(const Vocab& a, const Vocab& b);

// Throws Error(data) that names the first difference, unless every id is the same token in both.
void check_same_vocabulary(const Vocab& expert, std::string_view expert_name, const Vocab& other,
                           std::string_view other_name);

}  // namespace decant
