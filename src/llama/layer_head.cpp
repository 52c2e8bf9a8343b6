// Tested by tests/llama/llama_model_test.cpp.
#include "llama/layer_head.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "kernels/hook.h"
#include "llama/threads.h"

namespace decant {
namespace {

// ggml multiplies four rows at a time, and seven take it longer than eight: 7.2 against 5.6 ms with SmolLM2-135M's
// head.
std::int64_t padded(std::int64_t rows) { return rows < 3 ? rows : (rows + 3) / 4 * 4; }

const HeadStep& product(const std::vector<HeadStep>& steps) {
  return *std::ranges::find(steps, GGML_OP_MUL_MAT, &HeadStep::op);
}

ggml_tensor* add(ggml_context* context, const HeadStep& step, ggml_tensor* to) {
  ggml_tensor* weights = const_cast<ggml_tensor*>(step.weights);
  ggml_tensor* result = step.op == GGML_OP_MUL_MAT ? ggml_mul_mat(context, weights, to)
                        : step.op == GGML_OP_ADD   ? ggml_add(context, to, weights)
                        : step.op == GGML_OP_SCALE ? ggml_scale(context, to, 1)
                                                   : ggml_tanh(context, to);
  std::ranges::copy(step.params, result->op_params);  // of the graph's own operation: its scale
  return result;
}

}  // namespace

struct LayerHead::State {
  ggml_backend_t backend = nullptr;
  ggml_gallocr_t allocator = nullptr;

  ~State() {
    ggml_gallocr_free(allocator);
    ggml_backend_free(backend);
  }
};

LayerHead::LayerHead(std::vector<HeadStep> steps, Threads& threads, std::optional<kernels::Isa> isa)
    : steps_(std::move(steps)), threads_(threads), isa_(isa), state_(std::make_unique<State>()) {
  const ggml_tensor* weights = product(steps_).weights;
  ggml_backend_dev_t device = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(weights->buffer));
  if (!device) device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);  // ggml's plain CPU buffers name none
  state_->backend = ggml_backend_dev_init(device, nullptr);
  if (ggml_backend_is_cpu(state_->backend)) ggml_backend_cpu_set_n_threads(state_->backend, threads.of_ggml());
  state_->allocator = ggml_gallocr_new(ggml_backend_get_default_buffer_type(state_->backend));
}

LayerHead::~LayerHead() = default;

void LayerHead::apply(std::span<const float> states, std::span<float> logits, bool whole) {
  const ggml_tensor* weights = product(steps_).weights;
  const std::int64_t n_embd = weights->ne[0];
  const std::int64_t rows = static_cast<std::int64_t>(states.size()) / n_embd;
  if (rows == 0) return;
  assert(static_cast<std::int64_t>(logits.size()) == rows * weights->ne[1]);

  const ggml_init_params params{.mem_size = (8 + steps_.size()) * ggml_tensor_overhead() + ggml_graph_overhead(),
                                .mem_buffer = nullptr,
                                .no_alloc = true};
  const std::unique_ptr<ggml_context, decltype(&ggml_free)> context(ggml_init(params), &ggml_free);
  ggml_tensor* input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, n_embd, padded(rows));
  ggml_set_input(input);
  ggml_tensor* output = input;
  for (const HeadStep& step : steps_) {
    if (whole || step.is_linear()) output = add(context.get(), step, output);
  }
  ggml_set_output(output);
  ggml_cgraph* graph = ggml_new_graph(context.get());
  ggml_build_forward_expand(graph, output);
  if (!ggml_gallocr_alloc_graph(state_->allocator, graph)) {
    throw Error(ErrorKind::unavailable, "no memory for the logits of {} layers", rows);
  }
  ggml_backend_tensor_set(input, states.data(), 0, states.size_bytes());
  if (const std::size_t rest = ggml_nbytes(input) - states.size_bytes())
    ggml_backend_tensor_memset(input, 0, states.size_bytes(), rest);
  for (int i = 0; isa_ && i < ggml_graph_n_nodes(graph); ++i)
    kernels::take(ggml_graph_node(graph, i), *isa_, threads_.forward());
  const Threads::Turn turn(threads_);
  if (ggml_backend_is_cpu(state_->backend)) ggml_backend_cpu_set_threadpool(state_->backend, threads_.pool());
  if (ggml_backend_graph_compute(state_->backend, graph) != GGML_STATUS_SUCCESS) {
    throw Error(ErrorKind::internal, "the output head failed on {} layers", rows);
  }
  ggml_backend_tensor_get(output, logits.data(), 0, logits.size_bytes());
}

}  // namespace decant
