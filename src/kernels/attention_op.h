// GGML_OP_FLASH_ATTN_EXT by attention.h.
#pragma once

#include <cstddef>

#include "kernels/isa.h"

struct ggml_tensor;
struct ggml_compute_params;

namespace decant::kernels {

bool covers_attention(const ggml_tensor* op);
std::size_t attention_work(const ggml_tensor* op, int threads);
void compute_attention(const ggml_compute_params* params, ggml_tensor* op, Isa isa);

}  // namespace decant::kernels
