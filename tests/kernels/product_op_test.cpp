// MUL_MAT and MUL_MAT_ID through ggml's CPU backend, our buffer type in front: the same graph with ggml's own kernels
// and F32 weights is what the results are near to, and one column alone on one thread what they equal bit for bit.
#include "kernels/product_op.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>

#include "kernels/file_rows.h"
#include "kernels/forward.h"
#include "kernels/hook.h"

namespace decant::kernels {
namespace {

template <auto release>
struct Release {
  void operator()(auto* object) const { release(object); }
};
using Context = std::unique_ptr<ggml_context, Release<ggml_free>>;
using Backend = std::unique_ptr<ggml_backend, Release<ggml_backend_free>>;
using Buffer = std::unique_ptr<ggml_backend_buffer, Release<ggml_backend_buffer_free>>;

Context context() { return Context(ggml_init({.mem_size = 1 << 20, .mem_buffer = nullptr, .no_alloc = true})); }

// The weights of `experts` matrices, and a graph with one product of them.
struct Matrices {
  Context context_of_weights = context();
  ggml_tensor* weights;
  Buffer buffer;

  Matrices(const FileRows& rows, int outputs, int experts, bool ours, Isa isa = best_isa().value_or(Isa::plain)) {
    const bool f32 = !ours;
    weights =
        ggml_new_tensor_3d(context_of_weights.get(), f32 ? GGML_TYPE_F32 : rows.type, rows.inputs, outputs, experts);
    buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(context_of_weights.get(),
                                                          ours ? buffer_type(isa) : ggml_backend_cpu_buffer_type()));
    if (ours) {
      ggml_backend_tensor_set(weights, rows.bytes.data(), 0, rows.bytes.size());
    } else {
      const std::vector<float> numbers(rows.numbers.begin(), rows.numbers.end());
      ggml_backend_tensor_set(weights, numbers.data(), 0, numbers.size() * sizeof(float));
    }
  }
};

using Numbers = std::vector<float>;
using Build = std::function<ggml_tensor*(ggml_context*, ggml_tensor* weights, ggml_tensor* columns, ggml_tensor* ids)>;

// columns: ne of an F32 tensor; ids, if any: [used, tokens].
struct Inputs {
  std::vector<std::int64_t> ne;
  Numbers columns;
  std::vector<std::int64_t> ids_ne = {};
  std::vector<std::int32_t> ids = {};
};

Numbers compute(const Matrices& matrices, const Inputs& inputs, const Build& build, int threads,
                Crew::Others others = Crew::Others::own) {
  const Context graph_context = context();
  ggml_tensor* columns =
      ggml_new_tensor(graph_context.get(), GGML_TYPE_F32, static_cast<int>(inputs.ne.size()), inputs.ne.data());
  ggml_tensor* ids =
      inputs.ids.empty() ? nullptr : ggml_new_tensor(graph_context.get(), GGML_TYPE_I32, 2, inputs.ids_ne.data());
  ggml_tensor* result = build(graph_context.get(), matrices.weights, columns, ids);
  ggml_cgraph* graph = ggml_new_graph(graph_context.get());
  ggml_build_forward_expand(graph, result);
  const Backend backend(ggml_backend_cpu_init());
  ggml_backend_cpu_set_n_threads(backend.get(), others == Crew::Others::own ? 1 : threads);
  const Buffer buffer(ggml_backend_alloc_ctx_tensors(graph_context.get(), backend.get()));
  ggml_backend_tensor_set(columns, inputs.columns.data(), 0, inputs.columns.size() * sizeof(float));
  if (ids) ggml_backend_tensor_set(ids, inputs.ids.data(), 0, inputs.ids.size() * sizeof(std::int32_t));
  Forward forward(threads, others);
  forward.begin();
  for (const Isa isa : available_isas()) take(result, isa, forward);
  EXPECT_EQ(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS);
  Numbers numbers(static_cast<std::size_t>(ggml_nelements(result)));
  ggml_backend_tensor_get(result, numbers.data(), 0, numbers.size() * sizeof(float));
  return numbers;
}

Numbers random_numbers(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  Numbers numbers(count);
  for (float& number : numbers) number = normal(random);
  return numbers;
}

ggml_tensor* product(ggml_context* c, ggml_tensor* weights, ggml_tensor* columns, ggml_tensor*) {
  return ggml_mul_mat(c, weights, columns);
}
ggml_tensor* experts_product(ggml_context* c, ggml_tensor* weights, ggml_tensor* columns, ggml_tensor* ids) {
  return ggml_mul_mat_id(c, weights, columns, ids);
}

// Rounding activations to 1/127 of their block's largest loses about 1/254 of it each, with either sign.
void expect_near(const Numbers& ours, const Numbers& reference, double weight, int inputs) {
  ASSERT_EQ(ours.size(), reference.size());
  const double bound = 4.0 / 127 * weight * std::sqrt(inputs);
  for (std::size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], reference[i], bound) << i;
}

class ProductOp : public testing::TestWithParam<ggml_type> {
 protected:
  static void SetUpTestSuite() { install(); }
  std::mt19937 random_{11};
};

TEST_P(ProductOp, GivesTheSameBitsForEachColumnOnAnyThreads) {
  const int inputs = 512, outputs = 100, count = 150;
  const FileRows rows = file_rows(GetParam(), inputs, outputs, Scales::ordinary, random_);
  const Matrices ours(rows, outputs, 1, true), reference(rows, outputs, 1, false);
  const Inputs all{{inputs, count}, random_numbers(inputs * count, random_)};
  Numbers alone;
  for (int c = 0; c < count; ++c) {
    const Numbers one = compute(
        ours, {{inputs, 1}, {all.columns.begin() + c * inputs, all.columns.begin() + (c + 1) * inputs}}, product, 1);
    alone.insert(alone.end(), one.begin(), one.end());
  }
  expect_near(alone, compute(reference, all, product, 2), rows.largest, inputs);
  for (const Isa isa : available_isas()) {
    const Matrices of_isa(rows, outputs, 1, true, isa);
    for (const int threads : {1, 2, 3}) {
      for (const int k : {1, 2, 7, 8, 9, 16, 64, count}) {
        const Inputs some{{inputs, k}, {all.columns.begin(), all.columns.begin() + k * inputs}};
        for (const auto others : {Crew::Others::own, Crew::Others::helpers}) {
          ASSERT_EQ(compute(of_isa, some, product, threads, others),
                    Numbers(alone.begin(), alone.begin() + k * outputs))
              << isa_name(isa) << ", " << k << " columns, " << threads << " threads";
        }
      }
    }
  }
}

// Activations may be a view of something larger, of up to four dimensions.
TEST_P(ProductOp, ReadsColumnsWhereverTheyLie) {
  const int inputs = 256, outputs = 33;
  const FileRows rows = file_rows(GetParam(), inputs, outputs, Scales::ordinary, random_);
  const Matrices ours(rows, outputs, 1, true), reference(rows, outputs, 1, false);
  const Inputs all{{inputs * 2, 3, 4, 2}, random_numbers(inputs * 2 * 3 * 4 * 2, random_)};
  const Build view = [&](ggml_context* c, ggml_tensor* weights, ggml_tensor* columns, ggml_tensor*) {
    ggml_tensor* part = ggml_view_4d(c, columns, inputs, 3, 2, 2, columns->nb[1], columns->nb[2], columns->nb[3],
                                     inputs * sizeof(float));
    return ggml_mul_mat(c, weights, ggml_permute(c, part, 0, 2, 1, 3));
  };
  for (const int threads : {1, 2})
    expect_near(compute(ours, all, view, threads), compute(reference, all, view, 1), rows.largest, inputs);
}

TEST_P(ProductOp, SendsColumnsToTheirExperts) {
  const int inputs = 256, outputs = 40, experts = 6, used = 3, tokens = 21;
  const FileRows rows = file_rows(GetParam(), inputs, outputs * experts, Scales::ordinary, random_);
  const Matrices ours(rows, outputs, experts, true), reference(rows, outputs, experts, false);
  std::vector<std::int32_t> ids;
  for (int token = 0; token < tokens; ++token) {
    for (int slot = 0; slot < used; ++slot)
      ids.push_back(slot == 0 ? 4 : (token + 2 * slot) % 4);  // nobody to expert 5, all to 4
  }
  for (const int columns : {1, used}) {  // one for all experts of a token, or one for each
    const Inputs all{{inputs, columns, tokens},
                     random_numbers(static_cast<std::size_t>(inputs * columns * tokens), random_),
                     {used, tokens},
                     ids};
    const Numbers together = compute(ours, all, experts_product, 1);
    expect_near(together, compute(reference, all, experts_product, 1), rows.largest, inputs);
    for (const int threads : {2, 3})
      ASSERT_EQ(compute(ours, all, experts_product, threads), together) << threads << " threads";
    for (int token = 0; token < tokens; ++token) {
      const auto from = all.columns.begin() + token * inputs * columns;
      const Inputs one{{inputs, columns, 1},
                       {from, from + inputs * columns},
                       {used, 1},
                       {ids.begin() + token * used, ids.begin() + (token + 1) * used}};
      const auto there = together.begin() + token * used * outputs;
      ASSERT_EQ(compute(ours, one, experts_product, 2), Numbers(there, there + used * outputs)) << "token " << token;
    }
  }
}

std::string name(const testing::TestParamInfo<ggml_type>& info) { return ggml_type_name(info.param); }
INSTANTIATE_TEST_SUITE_P(AllTypes, ProductOp, testing::ValuesIn(kTypes), name);

}  // namespace
}  // namespace decant::kernels
