// Tested by tests/kernels/independence_test.cpp.
#include "kernels/independence.h"

#include <fmt/format.h>
#include <ggml.h>

namespace decant::kernels {
namespace {

// ggml-cpu/ops.cpp: these work element by element, or reduce one row by one thread in the order of its elements. Of
// recurrent layers: a window of a sequence's tokens, and its state, token after token.
bool works_by_rows(ggml_op op) {
  switch (op) {
    case GGML_OP_NONE:
    case GGML_OP_DUP:
    case GGML_OP_ADD:
    case GGML_OP_ADD_ID:
    case GGML_OP_ADD1:
    case GGML_OP_SUB:
    case GGML_OP_MUL:
    case GGML_OP_DIV:
    case GGML_OP_SQR:
    case GGML_OP_SQRT:
    case GGML_OP_LOG:
    case GGML_OP_SIN:
    case GGML_OP_COS:
    case GGML_OP_SUM_ROWS:
    case GGML_OP_REPEAT:
    case GGML_OP_CONCAT:
    case GGML_OP_NORM:
    case GGML_OP_RMS_NORM:
    case GGML_OP_L2_NORM:
    case GGML_OP_SCALE:
    case GGML_OP_SET:
    case GGML_OP_CPY:
    case GGML_OP_CONT:
    case GGML_OP_RESHAPE:
    case GGML_OP_VIEW:
    case GGML_OP_PERMUTE:
    case GGML_OP_TRANSPOSE:
    case GGML_OP_GET_ROWS:
    case GGML_OP_SET_ROWS:
    case GGML_OP_ROPE:
    case GGML_OP_CLAMP:
    case GGML_OP_ARGSORT:
    case GGML_OP_TOP_K:
    case GGML_OP_LEAKY_RELU:
    case GGML_OP_UNARY:
    case GGML_OP_GLU:
    case GGML_OP_SSM_CONV:
    case GGML_OP_SSM_SCAN:
    case GGML_OP_GATED_DELTA_NET:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<std::string> dependence(const ggml_tensor* op) {
  if (works_by_rows(op->op)) return std::nullopt;
  // Without a mask its rows are a token's experts; with one they are cached cells, in the cache's order.
  if (op->op == GGML_OP_SOFT_MAX && !op->src[1]) return std::nullopt;
  const bool product = op->op == GGML_OP_MUL_MAT || op->op == GGML_OP_MUL_MAT_ID;
  if (!product) return ggml_op_name(op->op);
  const bool weights = op->src[0]->op == GGML_OP_NONE;  // not computed in the graph
  return fmt::format("{} of {}{}", ggml_op_name(op->op), ggml_type_name(op->src[0]->type), weights ? " weights" : "");
}

}  // namespace decant::kernels
