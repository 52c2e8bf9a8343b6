#include "kernels/independence.h"

#include <ggml.h>
#include <gtest/gtest.h>

#include <memory>

namespace decant::kernels {
namespace {

class Dependence : public testing::Test {
 protected:
  std::unique_ptr<ggml_context, decltype(&ggml_free)> context_{
      ggml_init({.mem_size = 1 << 16, .mem_buffer = nullptr, .no_alloc = true}), ggml_free};
  ggml_tensor* matrix(ggml_type type = GGML_TYPE_F32) { return ggml_new_tensor_2d(context_.get(), type, 256, 4); }
};

TEST_F(Dependence, IsNotOfWhatWorksOnOneRow) {
  EXPECT_EQ(dependence(ggml_add(context_.get(), matrix(), matrix())), std::nullopt);
  EXPECT_EQ(dependence(ggml_rms_norm(context_.get(), matrix(), 1e-5f)), std::nullopt);
  EXPECT_EQ(dependence(ggml_silu(context_.get(), matrix())), std::nullopt);
  EXPECT_EQ(dependence(ggml_soft_max(context_.get(), matrix())), std::nullopt);  // over the experts of a token
}

TEST_F(Dependence, IsOfProductsThatGgmlComputes) {
  EXPECT_EQ(dependence(ggml_mul_mat(context_.get(), matrix(GGML_TYPE_IQ2_XS), matrix())), "MUL_MAT of iq2_xs weights");
  ggml_tensor* computed = ggml_scale(context_.get(), matrix(), 2.0f);
  EXPECT_EQ(dependence(ggml_mul_mat(context_.get(), computed, matrix())), "MUL_MAT of f32");
}

TEST_F(Dependence, IsOfAttention) {
  ggml_tensor *scores = matrix(), *mask = matrix();
  EXPECT_EQ(dependence(ggml_soft_max_ext(context_.get(), scores, mask, 1.0f, 0.0f)), "SOFT_MAX");
  ggml_tensor* heads = ggml_new_tensor_4d(context_.get(), GGML_TYPE_F32, 64, 4, 2, 1);
  EXPECT_EQ(dependence(ggml_flash_attn_ext(context_.get(), heads, heads, heads, nullptr, 1.0f, 0.0f, 0.0f)),
            "FLASH_ATTN_EXT");
}

// A sequence's tokens in their order, whatever other sequences are beside them.
TEST_F(Dependence, IsNotOfStates) {
  ggml_tensor* window = ggml_new_tensor_3d(context_.get(), GGML_TYPE_F32, 3 + 5, 4, 2);
  ggml_tensor* weights = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, 4, 4);
  EXPECT_EQ(dependence(ggml_ssm_conv(context_.get(), window, weights)), std::nullopt);
  const auto rows = [&](int width) { return ggml_new_tensor_4d(context_.get(), GGML_TYPE_F32, width, 2, 5, 3); };
  ggml_tensor* state = ggml_new_tensor_4d(context_.get(), GGML_TYPE_F32, 16, 16, 2, 3);
  const ggml_tensor* delta =
      ggml_gated_delta_net(context_.get(), rows(16), rows(16), rows(16), rows(1), rows(1), state, 1);
  EXPECT_EQ(dependence(delta), std::nullopt);
}

TEST_F(Dependence, IsOfWhatIsNotKnown) { EXPECT_EQ(dependence(ggml_cumsum(context_.get(), matrix())), "CUMSUM"); }

}  // namespace
}  // namespace decant::kernels
