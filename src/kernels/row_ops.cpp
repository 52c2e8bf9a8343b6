// Tested by tests/kernels/row_ops_test.cpp.
#include "kernels/row_ops.h"

#include <binary-ops.h>
#include <ggml-cpu-impl.h>
#include <ggml.h>
#include <ops.h>

#include <algorithm>

#include "kernels/forward.h"

namespace decant::kernels {
namespace {

struct RowOp {
  void (*compute)(const ggml_compute_params* params, ggml_tensor* op) = nullptr;
  std::int64_t grain = 0;  // numbers: about three microseconds
};

// Those that take time in a forward of many rows.
RowOp row_op(const ggml_tensor* op) {
  if (op->type != GGML_TYPE_F32 || !op->src[0] || op->src[0]->type != GGML_TYPE_F32) return {};
  switch (op->op) {
    case GGML_OP_RMS_NORM:
      return {ggml_compute_forward_rms_norm, 2048};
    case GGML_OP_ADD:
      return {ggml_compute_forward_add, 16384};
    case GGML_OP_MUL:
      return {ggml_compute_forward_mul, 16384};
    case GGML_OP_ROPE:
      return {ggml_compute_forward_rope, 4096};
    case GGML_OP_GLU:
      return {ggml_compute_forward_glu, 8192};
    default:
      return {};
  }
}

std::int64_t parts(const ggml_tensor* op, std::int64_t grain, int threads) {
  return std::min<std::int64_t>({ggml_nelements(op) / grain, 4 * threads, ggml_nrows(op)});
}

// What one part may need, as ggml plans it for a thread: a row, and a line of the cache between rows.
std::size_t part_bytes(const ggml_tensor* op) {
  return (static_cast<std::size_t>(op->ne[0]) + CACHE_LINE_SIZE_F32) * sizeof(float);
}

}  // namespace

bool is_row_op(const ggml_tensor* op) { return row_op(op).compute; }

bool worth_sharing(const ggml_tensor* op) {
  const RowOp row = row_op(op);
  return row.compute && parts(op, row.grain, 1) >= 2;
}

std::size_t row_work(const ggml_tensor* op, int threads) {
  return part_bytes(op) * static_cast<std::size_t>(parts(op, row_op(op).grain, threads));
}

// A part computes what a thread of so many would.
void compute_rows(ggml_tensor* op, void* work, Isa, Forward& forward) {
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
      row.compute(&params, op);
    }
  });
}

}  // namespace decant::kernels
