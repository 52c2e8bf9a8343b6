#include "llama/damage.h"

#include <ggml.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "support/gguf_builder.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;

// A tensor of 256 elements of the type, small numbers but for one; and one of F32 before it.
std::string file_with(ggml_type type, float odd_one) {
  GgufBuilder file = tiny_gguf();
  file.tensors = {{"first.weight", {32}, 0, 128, {}},
                  {"odd.weight", {256}, static_cast<std::uint32_t>(type), ggml_row_size(type, 256), {}}};
  std::string bytes = file.build();
  std::vector<float> numbers(256, 0.25f);
  numbers[200] = odd_one;
  std::string data(ggml_row_size(type, 256), '\0');
  if (type == GGML_TYPE_F32) {
    std::memcpy(data.data(), numbers.data(), data.size());
  } else if (type == GGML_TYPE_F16) {
    ggml_fp32_to_fp16_row(numbers.data(), reinterpret_cast<ggml_fp16_t*>(data.data()), 256);
  } else if (type == GGML_TYPE_BF16) {
    ggml_fp32_to_bf16_row_ref(numbers.data(), reinterpret_cast<ggml_bf16_t*>(data.data()), 256);
  } else {  // the scale of the last block
    const ggml_fp16_t scale = ggml_fp32_to_fp16(odd_one);
    const std::size_t last = data.size() - ggml_type_size(type);
    std::memcpy(data.data() + last + (type == GGML_TYPE_Q4_K || type == GGML_TYPE_Q8_0 ? 0 : ggml_type_size(type) - 2),
                &scale, 2);
    if (type == GGML_TYPE_Q4_K) std::memset(data.data() + last + 4, 1, ggml_type_size(type) - 4);
    if (type == GGML_TYPE_Q6_K) std::memset(data.data() + last, 1, ggml_type_size(type) - 2);
    if (type == GGML_TYPE_Q8_0) std::memset(data.data() + last + 2, 1, ggml_type_size(type) - 2);
  }
  std::memcpy(bytes.data() + bytes.size() - file.padded(data.size()), data.data(), data.size());
  return bytes;
}

TEST(Damage, IsFoundInEveryType) {
  const TemporaryFolder folder;
  for (const ggml_type type :
       {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K, GGML_TYPE_Q6_K}) {
    SCOPED_TRACE(ggml_type_name(type));
    const auto found = [&](float odd_one) {
      return first_damaged_tensor(folder.write("m.gguf", file_with(type, odd_one)), 1);
    };
    EXPECT_EQ(found(0.5f), "");
    EXPECT_EQ(found(std::numeric_limits<float>::quiet_NaN()), "odd.weight");
    EXPECT_EQ(found(INFINITY), "odd.weight");
  }
}

}  // namespace
}  // namespace decant
