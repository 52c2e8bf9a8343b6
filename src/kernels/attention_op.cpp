// Tested by tests/kernels/attention_op_test.cpp.
#include "kernels/attention_op.h"

#include <ggml-cpu.h>
#include <ggml.h>

#include <algorithm>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/forward.h"

namespace decant::kernels {
namespace {

template <ggml_type type>
void to_f16(const void* from, std::uint16_t* to, int count) {
  constexpr int at_once = 256;
  float numbers[at_once];
  const auto* bytes = static_cast<const char*>(from);
  for (int begin = 0; begin < count; begin += at_once) {
    const int now = std::min(at_once, count - begin);
    ggml_get_type_traits(type)->to_float(bytes + ggml_row_size(type, begin), numbers, now);
    ggml_cpu_fp32_to_fp16(numbers, to + begin, now);
  }
}

bool read_cells(const ggml_tensor* t, Cells& cells) {
  cells = {.data = static_cast<const char*>(t->data),
           .cell = t->nb[1],
           .head = t->nb[2],
           .stream = t->nb[3],
           .size = static_cast<int>(t->ne[0])};
  switch (t->type) {
    case GGML_TYPE_F16:
      return true;
    case GGML_TYPE_Q8_0:
      cells.to_f16 = to_f16<GGML_TYPE_Q8_0>;
      return true;
    case GGML_TYPE_Q4_0:
      cells.to_f16 = to_f16<GGML_TYPE_Q4_0>;
      return true;
    case GGML_TYPE_Q4_1:
      cells.to_f16 = to_f16<GGML_TYPE_Q4_1>;
      return true;
    case GGML_TYPE_Q5_0:
      cells.to_f16 = to_f16<GGML_TYPE_Q5_0>;
      return true;
    case GGML_TYPE_Q5_1:
      cells.to_f16 = to_f16<GGML_TYPE_Q5_1>;
      return true;
    default:
      return false;
  }
}

Attention attention_of(const ggml_tensor* op) {
  const ggml_tensor *q = op->src[0], *k = op->src[1], *mask = op->src[3], *sinks = op->src[4];
  Attention a{.streams = q->ne[3],
              .rows = q->ne[1],
              .heads = q->ne[2],
              .kv_heads = k->ne[2],
              .cells = k->ne[1],
              .keys = {},
              .values = {}};
  read_cells(k, a.keys);
  read_cells(op->src[2], a.values);
  a.queries = static_cast<const char*>(q->data);
  a.query_row = q->nb[1], a.query_head = q->nb[2], a.query_stream = q->nb[3];
  if (mask) {
    a.mask = static_cast<const char*>(mask->data);
    a.mask_row = mask->nb[1], a.mask_stream = mask->nb[3], a.mask_streams = mask->ne[3];
  }
  if (sinks) a.sinks = static_cast<const float*>(sinks->data);
  float parameters[3];
  std::memcpy(parameters, op->op_params, sizeof parameters);
  a.scale = parameters[0], a.max_bias = parameters[1], a.softcap = parameters[2];
  a.results = static_cast<char*>(op->data);
  a.result_head = op->nb[1], a.result_row = op->nb[2], a.result_stream = op->nb[3];
  return a;
}

}  // namespace

bool covers_attention(const ggml_tensor* op) {
  if (op->op != GGML_OP_FLASH_ATTN_EXT || op->type != GGML_TYPE_F32) return false;
  const ggml_tensor *q = op->src[0], *k = op->src[1], *v = op->src[2], *mask = op->src[3], *sinks = op->src[4];
  Cells cells;
  if (q->type != GGML_TYPE_F32 || !read_cells(k, cells) || !read_cells(v, cells)) return false;
  if (mask && (mask->type != GGML_TYPE_F16 || mask->ne[2] != 1 || mask->nb[0] != sizeof(std::uint16_t))) return false;
  if (sinks && sinks->type != GGML_TYPE_F32) return false;
  return q->nb[0] == sizeof(float) && k->nb[0] == ggml_type_size(k->type) && v->nb[0] == ggml_type_size(v->type) &&
         k->ne[2] == v->ne[2] && k->ne[3] == q->ne[3] && v->ne[3] == q->ne[3] && q->ne[2] % k->ne[2] == 0;
}

std::size_t attention_work(const ggml_tensor* op, int threads) {
  return plan_attention(attention_of(op), threads).bytes();
}

void compute_attention(ggml_tensor* op, void* memory, Isa isa, Forward& forward) {
  const Attention attention = attention_of(op);
  attend(isa)(attention, plan_attention(attention, forward.crew.threads()), static_cast<std::byte*>(memory),
              forward.crew);
}

}  // namespace decant::kernels
