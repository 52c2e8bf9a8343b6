// GGML_OP_MUL_MAT and GGML_OP_MUL_MAT_ID on re-laid weights.
#pragma once

#include <cstddef>
#include <optional>

#include "kernels/format.h"
#include "kernels/isa.h"

struct ggml_tensor;

namespace decant::kernels {

struct Forward;

std::optional<WeightType> weight_type(const ggml_tensor* weights);  // none: not a matrix that the kernels cover
std::size_t laid_bytes(const ggml_tensor* weights);
void lay(ggml_tensor* weights, const void* data);  // into weights->data, on all cores

bool covers_product(const ggml_tensor* op);  // its weights being covered
std::size_t product_work(const ggml_tensor* op, int threads);
void compute_product(ggml_tensor* op, void* work, Isa isa, Forward& forward);  // work: of product_work() bytes

}  // namespace decant::kernels
