// Tested by tests/kernels/row_ops_test.cpp.
#include "kernels/row_ops.h"

#include <binary-ops.h>
#include <ggml-cpu-impl.h>
#include <ggml.h>
#include <ops.h>

#include <algorithm>
#include <cstring>

#include "kernels/forward.h"
#include "kernels/norm.h"

namespace decant::kernels {
namespace {

struct RowOp {
  void (*compute)(const ggml_compute_params* params, ggml_tensor* op, Isa isa) = nullptr;
  std::int64_t grain = 0;  // numbers: about three microseconds
};

template <void (*compute)(const ggml_compute_params* params, ggml_tensor* op)>
void by_ggml(const ggml_compute_params* params, ggml_tensor* op, Isa) {
  compute(params, op);
}

void compute_norm(const ggml_compute_params* params, ggml_tensor* op, Isa isa) {
  const Norm norm = rms_norm(isa);
  const ggml_tensor* src = op->src[0];
  float epsilon;
  std::memcpy(&epsilon, op->op_params, sizeof epsilon);
  const auto at = [](const ggml_tensor* t, std::int64_t row) {
    const auto i = static_cast<std::size_t>(row);
    const auto n1 = static_cast<std::size_t>(t->ne[1]), n2 = static_cast<std::size_t>(t->ne[2]);
    return static_cast<char*>(t->data) + i % n1 * t->nb[1] + i / n1 % n2 * t->nb[2] + i / n1 / n2 * t->nb[3];
  };
  for (std::int64_t row = params->ith; row < ggml_nrows(op); row += params->nth) {
    norm(reinterpret_cast<const float*>(at(src, row)), op->ne[0], epsilon, reinterpret_cast<float*>(at(op, row)));
  }
}

// Those that take time in a forward of many rows.
RowOp row_op(const ggml_tensor* op) {
  if (op->type != GGML_TYPE_F32 || !op->src[0] || op->src[0]->type != GGML_TYPE_F32) return {};
  switch (op->op) {
    case GGML_OP_RMS_NORM:
      if (op->nb[0] != sizeof(float) || op->src[0]->nb[0] != sizeof(float)) return {};
      return {compute_norm, 32768};
    case GGML_OP_ADD:
      return {by_ggml<ggml_compute_forward_add>, 16384};
    case GGML_OP_MUL:
      return {by_ggml<ggml_compute_forward_mul>, 16384};
    case GGML_OP_ROPE:
      return {by_ggml<ggml_compute_forward_rope>, 4096};
    case GGML_OP_GLU:
      return {by_ggml<ggml_compute_forward_glu>, 8192};
    default:
      return {};
  }
}

std::int64_t parts(const ggml_tensor* op, std::int64_t grain, int threads) {
  return std::clamp<std::int64_t>(ggml_nelements(op) / grain, 1, std::min<std::int64_t>(4 * threads, ggml_nrows(op)));
}

// What one part may need, as ggml plans it for a thread: a row, and a line of the cache between rows.
std::size_t part_bytes(const ggml_tensor* op) {
  return (static_cast<std::size_t>(op->ne[0]) + CACHE_LINE_SIZE_F32) * sizeof(float);
}

}  // namespace

bool is_norm(const ggml_tensor* op) { return op->op == GGML_OP_RMS_NORM && is_row_op(op); }

bool is_row_op(const ggml_tensor* op) { return row_op(op).compute; }

bool worth_sharing(const ggml_tensor* op) {
  const RowOp row = row_op(op);
  return row.compute && parts(op, row.grain, 1) >= 2;
}

std::size_t row_work(const ggml_tensor* op, int threads) {
  return part_bytes(op) * static_cast<std::size_t>(parts(op, row_op(op).grain, threads));
}

// A part computes what a thread of so many would.
void compute_rows(ggml_tensor* op, void* work, Isa isa, Forward& forward) {
  const RowOp row = row_op(op);
  const std::int64_t count = parts(op, row.grain, forward.crew.threads());
  forward.crew.each(count, 1, true, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t part = begin; part < end; ++part) {
      const ggml_compute_params params{.ith = static_cast<int>(part),
                                       .nth = static_cast<int>(count),
                                       .wsize = row_work(op, forward.crew.threads()),
                                       .wdata = work,
                                       .threadpool = nullptr,
                                       .use_ref = false};
      row.compute(&params, op, isa);
    }
  });
}

}  // namespace decant::kernels
