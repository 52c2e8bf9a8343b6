// Operations of rows, shared: the bits that ggml's one thread has, and a product of the same columns packed once.
#include "kernels/row_ops.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "kernels/forward.h"
#include "kernels/hook.h"

namespace decant::kernels {
namespace {

template <auto release>
struct Release {
  void operator()(auto* object) const { release(object); }
};

// The operation of a row count on random numbers: input [size, rows], a second one like it.
using Build = std::function<ggml_tensor*(ggml_context*, ggml_tensor* a, ggml_tensor* b, ggml_tensor* positions)>;

std::vector<float> compute(const Build& build, int size, int rows, Forward* forward, bool* shared) {
  const std::unique_ptr<ggml_context, Release<ggml_free>> context(
      ggml_init({.mem_size = 1 << 20, .mem_buffer = nullptr, .no_alloc = true}));
  ggml_tensor* a = ggml_new_tensor_3d(context.get(), GGML_TYPE_F32, size, 4, rows);
  ggml_tensor* b = ggml_new_tensor_3d(context.get(), GGML_TYPE_F32, size, 4, rows);
  ggml_tensor* positions = ggml_new_tensor_1d(context.get(), GGML_TYPE_I32, rows);
  ggml_tensor* result = build(context.get(), a, b, positions);
  ggml_cgraph* graph = ggml_new_graph(context.get());
  ggml_build_forward_expand(graph, result);
  ggml_build_forward_expand(graph, positions);
  const std::unique_ptr<ggml_backend, Release<ggml_backend_free>> backend(ggml_backend_cpu_init());
  ggml_backend_cpu_set_n_threads(backend.get(), 1);
  const std::unique_ptr<ggml_backend_buffer, Release<ggml_backend_buffer_free>> buffer(
      ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (ggml_tensor* t : {a, b}) {
    std::vector<float> numbers(static_cast<std::size_t>(ggml_nelements(t)));
    for (float& x : numbers) x = normal(random);
    ggml_backend_tensor_set(t, numbers.data(), 0, ggml_nbytes(t));
  }
  std::vector<std::int32_t> at(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i) at[static_cast<std::size_t>(i)] = 3 * i;
  ggml_backend_tensor_set(positions, at.data(), 0, ggml_nbytes(positions));
  if (forward) {
    forward->begin();
    for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
      ggml_tensor* op = ggml_graph_node(graph, i);
      take(op, best_isa().value_or(Isa::plain), *forward);
      *shared |= op->extra != nullptr;
    }
  }
  EXPECT_EQ(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS);
  std::vector<float> numbers(static_cast<std::size_t>(ggml_nelements(result)));
  ggml_backend_tensor_get(result, numbers.data(), 0, ggml_nbytes(result));
  return numbers;
}

TEST(RowOps, GiveTheBitsOfOneThread) {
  install();
  const std::pair<const char*, Build> builds[] = {
      {"add", [](auto* c, auto* a, auto* b, auto*) { return ggml_add(c, a, b); }},
      {"norm", [](auto* c, auto* a, auto*, auto*) { return ggml_rms_norm(c, a, 1e-5f); }},
      {"norm and product",  // which ggml computes at once where it may
       [](auto* c, auto* a, auto* b, auto*) {
         return ggml_mul(c, ggml_rms_norm(c, a, 1e-5f), ggml_view_1d(c, b, a->ne[0], 0));
       }},
      {"rope", [](auto* c, auto* a, auto*, auto* at) { return ggml_rope(c, a, at, static_cast<int>(a->ne[0]), 2); }},
      {"glu", [](auto* c, auto* a, auto* b, auto*) { return ggml_swiglu_split(c, a, b); }},
  };
  for (const auto& [name, build] : builds) {
    for (const int rows : {1, 3, 37, 200, 700}) {
      const std::vector<float> expected = compute(build, 256, rows, nullptr, nullptr);
      for (const int threads : {1, 2, 5}) {
        Forward forward(threads);
        bool shared = false;
        ASSERT_EQ(compute(build, 256, rows, &forward, &shared), expected) << name << ", " << rows << " rows";
        const bool ours = std::string_view(name).starts_with("norm");
        EXPECT_EQ(shared, ours || (threads > 1 && rows >= 37))
            << name << ", " << rows << " rows, " << threads << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace decant::kernels
