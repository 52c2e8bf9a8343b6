// The error of numbers that are none, by whose fault they are.
#pragma once

#include <string_view>

#include "base/error.h"
#include "model/model.h"

namespace decant {

// `what` the model returned, as in "the model returned a logit that is not a number at position 3". The file's fault
// (data), where one of its tensors has such numbers; else nobody knows whose (internal).
Error not_finite(const ModelInfo& model, std::string_view what);

}  // namespace decant
