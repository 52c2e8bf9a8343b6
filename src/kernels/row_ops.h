// Operations that treat every row alone, shared by a crew where there are many rows: ggml's own, and our norm.
#pragma once

#include <cstddef>

#include "kernels/isa.h"

struct ggml_tensor;

namespace decant::kernels {

struct Forward;

bool is_row_op(const ggml_tensor* op);
bool is_norm(const ggml_tensor* op);
bool worth_sharing(const ggml_tensor* op);
std::size_t row_work(const ggml_tensor* op, int threads);
void compute_rows(ggml_tensor* op, void* work, Isa isa, Forward& forward);  // work: of row_work() bytes

}  // namespace decant::kernels
