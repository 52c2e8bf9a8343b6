// Which of ggml's own operations compute each row of a batch on its own, so that its bits do not depend on the others.
#pragma once

#include <optional>
#include <string>

struct ggml_tensor;

namespace decant::kernels {

// Nothing for an operation whose rows are independent; otherwise its name and that of what it is applied to, such as
// "MUL_MAT of iq2_xs weights". An operation that is not known counts as dependent.
std::optional<std::string> dependence(const ggml_tensor* op);

}  // namespace decant::kernels
