// GGML_OP_FLASH_ATTN_EXT by attention.h.
#pragma once

#include <cstddef>

#include "kernels/isa.h"

struct ggml_tensor;

namespace decant::kernels {

struct Forward;

bool covers_attention(const ggml_tensor* op);
std::size_t attention_work(const ggml_tensor* op, int threads);
void compute_attention(ggml_tensor* op, void* work, Isa isa, Forward& forward);  // work: of attention_work() bytes

}  // namespace decant::kernels
