// GGML_OP_FLASH_ATTN_EXT through ggml's CPU backend: nearer to double precision than ggml's own operation, of caches of
// any covered type, however the tensors lie.
#include "kernels/attention_op.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <thread>

#include "kernels/attention_case.h"
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
using Numbers = std::vector<float>;

void set(ggml_tensor* tensor, const auto& numbers) {
  ggml_backend_tensor_set(tensor, numbers.data(), 0, numbers.size() * sizeof(numbers[0]));
}

// Cells as libllama has them: [size, kv heads, cells, streams], seen with cells and heads exchanged.
struct Cache {
  ggml_tensor *whole, *seen;

  Cache(ggml_context* context, ggml_type type, const Shape& s, int size)
      : whole(ggml_new_tensor_4d(context, type, size, s.kv_heads, s.cells, s.streams)),
        seen(ggml_permute(context, whole, 0, 2, 1, 3)) {}

  // Rounds the case's numbers to the type as well.
  void fill(std::vector<std::uint16_t>& f16) const {
    if (whole->type == GGML_TYPE_F16) return set(whole, f16);
    Numbers numbers(f16.size());
    ggml_fp16_to_fp32_row(f16.data(), numbers.data(), static_cast<std::int64_t>(f16.size()));
    std::vector<char> bytes(ggml_nbytes(whole));
    ggml_quantize_chunk(whole->type, numbers.data(), bytes.data(), 0, ggml_nrows(whole), whole->ne[0], nullptr);
    set(whole, bytes);
    ggml_get_type_traits(whole->type)
        ->to_float(bytes.data(), numbers.data(), static_cast<std::int64_t>(numbers.size()));
    ggml_fp32_to_fp16_row(numbers.data(), f16.data(), static_cast<std::int64_t>(f16.size()));
  }
};

Numbers compute(AttentionCase& c, ggml_type type, bool ours, int threads) {
  const Shape& s = c.shape;
  const Context context(ggml_init({.mem_size = 1 << 20, .mem_buffer = nullptr, .no_alloc = true}));
  ggml_tensor* queries = ggml_new_tensor_4d(context.get(), GGML_TYPE_F32, s.key, s.rows, s.heads, s.streams);
  const Cache keys(context.get(), type, s, s.key), values(context.get(), type, s, s.value);
  ggml_tensor* mask =
      s.masked ? ggml_new_tensor_4d(context.get(), GGML_TYPE_F16, s.cells, s.rows, 1, s.streams) : nullptr;
  ggml_tensor* sinks = s.sinks ? ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, s.heads) : nullptr;
  ggml_tensor* result =
      ggml_flash_attn_ext(context.get(), queries, keys.seen, values.seen, mask, s.scale, s.max_bias, s.softcap);
  if (sinks) ggml_flash_attn_ext_add_sinks(result, sinks);
  ggml_cgraph* graph = ggml_new_graph(context.get());
  ggml_build_forward_expand(graph, result);
  const Backend backend(ggml_backend_cpu_init());
  ggml_backend_cpu_set_n_threads(backend.get(), threads);
  const Buffer buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
  set(queries, c.queries);
  keys.fill(c.keys);
  values.fill(c.values);
  if (mask) set(mask, c.mask);
  if (sinks) set(sinks, c.sinks);
  EXPECT_TRUE(covers_attention(result));
  Forward forward(threads, Crew::Others::helpers);
  forward.begin();
  if (ours) take(result, best_isa().value_or(Isa::plain), forward);
  EXPECT_EQ(left_to_ggml(result), ours ? std::nullopt : std::optional<std::string>("FLASH_ATTN_EXT"));
  EXPECT_EQ(ggml_backend_graph_compute(backend.get(), graph), GGML_STATUS_SUCCESS);
  Numbers numbers(c.results());
  ggml_backend_tensor_get(result, numbers.data(), 0, numbers.size() * sizeof(float));
  return numbers;
}

double squares(const Numbers& results, const Exact& reference) {  // of errors
  double sum = 0;
  for (std::size_t i = 0; i < results.size(); ++i)
    sum += std::pow(static_cast<double>(results[i]) - reference.results[i], 2);
  return sum;
}

class AttentionOp : public testing::TestWithParam<ggml_type> {
 protected:
  static void SetUpTestSuite() { install(); }
  std::mt19937 random_{23};
};

// Of 64 rows and more ggml multiplies in f32, which is nearer still; of fewer, in f16.
TEST_P(AttentionOp, IsAsNearToDoublePrecisionAsGgmlsOfAFewRows) {
  const Shape shapes[] = {
      {.rows = 1, .cells = 256, .heads = 9, .kv_heads = 3},
      {.rows = 8, .cells = 1000, .heads = 9, .kv_heads = 3, .visible = 0.8},
      {.rows = 100, .cells = 300, .heads = 4, .kv_heads = 4, .visible = 0.5},
      {.rows = 5, .cells = 200, .heads = 2, .kv_heads = 1, .key = 128, .value = 96, .streams = 3, .visible = 0.5},
      {.rows = 5, .cells = 80, .heads = 6, .kv_heads = 2, .visible = 0.9, .max_bias = 8},
      {.rows = 5, .cells = 64, .heads = 4, .kv_heads = 2, .masked = false, .softcap = 20},
      {.rows = 5, .cells = 300, .heads = 4, .kv_heads = 2, .visible = 0.7, .sinks = true}};
  for (const float size : {0.2f, 1.0f, 4.0f}) {  // of queries: from nearly equal weights to a few cells that have all
    double errors = 0, errors_of_ggml = 0;
    for (const Shape& shape : shapes) {
      AttentionCase c(shape, random_);
      for (float& q : c.queries) q *= size;
      const Numbers ggmls = compute(c, GetParam(), false, 2), ours = compute(c, GetParam(), true, 2);
      const Exact reference = exact(c);
      for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_TRUE(std::abs(static_cast<double>(ours[i]) - reference.results[i]) <= reference.bounds[i])
            << i << " is " << ours[i] << ", not " << reference.results[i] << " +- " << reference.bounds[i] << "; rows "
            << shape.rows << ", queries times " << size;
      }
      for (const int threads : {1, 3}) ASSERT_EQ(compute(c, GetParam(), true, threads), ours) << threads << " threads";
      if (shape.rows >= 64) continue;
      errors += squares(ours, reference), errors_of_ggml += squares(ggmls, reference);
    }
    EXPECT_LE(errors, errors_of_ggml) << "queries times " << size;
  }
}

std::string name(const testing::TestParamInfo<ggml_type>& info) { return ggml_type_name(info.param); }
INSTANTIATE_TEST_SUITE_P(CacheTypes, AttentionOp,
                         testing::Values(GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0,
                                         GGML_TYPE_Q5_1),
                         name);

// Two contexts, one of which has our attention: neither waits for the other, and neither gets the other's.
TEST(AttentionMarks, AreOfOneGraphWhateverOthersCompute) {
  install();
  std::mt19937 random(29);
  AttentionCase c({.rows = 3, .cells = 300, .heads = 4, .kv_heads = 2}, random);
  const Numbers ours = compute(c, GGML_TYPE_F16, true, 1), ggmls = compute(c, GGML_TYPE_F16, false, 1);
  ASSERT_NE(ours, ggmls);
  const auto repeat = [](AttentionCase own, bool mine, const Numbers& expected) {
    for (int i = 0; i < 50; ++i)
      ASSERT_EQ(compute(own, GGML_TYPE_F16, mine, 2), expected) << (mine ? "ours" : "ggml's");
  };
  std::jthread other(repeat, c, false, std::cref(ggmls));
  repeat(c, true, ours);
}

}  // namespace
}  // namespace decant::kernels
