// The product of re-laid weights, by every instruction set that this machine has, against sums in double precision.
#include "kernels/multiply.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "kernels/file_rows.h"
#include "kernels/product_op.h"

namespace decant::kernels {

extern const Kernel kAvxVnniInEvexKernel;

namespace {

struct Named {
  std::string name;
  const Kernel& kernel;
};

std::optional<WeightType> of_ggml(ggml_type type) {
  ggml_tensor tensor{};
  tensor.type = type;
  tensor.ne[3] = 1;
  return weight_type(&tensor);
}

std::vector<Named> kernels_here(ggml_type type) {
  std::vector<Named> found;
  for (const Isa isa : available_isas()) found.push_back({std::string(isa_name(isa)), kernel(isa, *of_ggml(type))});
#ifdef __x86_64__
  if (available_isas().back() == Isa::avx512_vnni) {
    found.push_back({"AVX-VNNI's kernel in AVX-512's encoding", kAvxVnniInEvexKernel});
    found.push_back({"AVX-512 without its instruction for BF16", kAvx512Kernel});
  }
#endif
  return found;
}

using Columns = std::vector<std::vector<float>>;  // [column][input], or [column][output]

// All rows times all columns, in panels of `width` columns.
Columns multiply(const Kernel& kernels, const FileRows& weights, const Columns& columns, int width = kPanel) {
  const Format& format = format_of(*of_ggml(weights.type));
  const std::size_t stripe_bytes = format.stripe_bytes(weights.inputs);
  std::vector<std::byte> memory(stripe_bytes + 64 + panel_bytes(format, weights.inputs, kPanel));
  std::byte* stripe = memory.data() + (-reinterpret_cast<std::uintptr_t>(memory.data()) & 63);
  std::byte* panel = stripe + stripe_bytes;
  Columns results(columns.size(), std::vector<float>(static_cast<std::size_t>(weights.rows), -1.0f));
  for (std::size_t first = 0; first < columns.size(); first += static_cast<std::size_t>(width)) {
    const int now = static_cast<int>(std::min(columns.size() - first, static_cast<std::size_t>(width)));
    const float* from[kPanel];
    float* to[kPanel];
    for (int c = 0; c < now; ++c) from[c] = columns[first + c].data(), to[c] = results[first + c].data();
    const int blocks = (weights.inputs + kBlock - 1) / kBlock, half = blocks / 2;
    kernels.pack(format, from, now, weights.inputs, half, blocks, panel);  // in any pieces
    kernels.pack(format, from, now, weights.inputs, 0, half, panel);
    for (int row = 0; row < weights.rows; row += kStripe) {
      const int rows = std::min(kStripe, weights.rows - row);
      lay_stripe(format, weights.bytes.data() + static_cast<std::size_t>(row) * weights.row_bytes, weights.row_bytes,
                 weights.inputs, rows, stripe);
      kernels.multiply(format, stripe, weights.inputs, panel, now, to, row, rows);
    }
  }
  return results;
}

Columns random_columns(int count, int inputs, std::mt19937& random, double size = 1.0) {
  std::normal_distribution<double> normal(0.0, size);
  Columns columns(static_cast<std::size_t>(count));
  for (auto& column : columns) {
    for (int i = 0; i < inputs; ++i) column.push_back(static_cast<float>(normal(random)));
  }
  return columns;
}

// What the kernels promise: activations as whole numbers of 1/127 of the largest in their block of 32, for BF16 rounded
// to it, for the other float types as they are; and a bound of what summing in f32 may lose.
struct Expected {
  double value = 0, bound = 0;
};

Expected expected(const FileRows& weights, int row, const std::vector<float>& column) {
  Expected sum;
  double activations = 0;
  const bool quantised = format_of(*of_ggml(weights.type)).quantised();
  for (int begin = 0; begin < weights.inputs; begin += kBlock) {
    const int end = std::min(begin + kBlock, weights.inputs);
    float largest = 0;
    for (int i = begin; i < end; ++i) largest = std::max(largest, std::abs(column[i]));
    for (int i = begin; i < end; ++i) {
      double x = column[i];
      if (weights.type == GGML_TYPE_BF16)
        x = std::abs(column[i]) < 0x1p-126f ? 0.0f : ggml_bf16_to_fp32(ggml_fp32_to_bf16(column[i]));
      if (quantised)
        x = largest > 0x1p-118f ? std::nearbyint(column[i] * (127.0f / largest)) * static_cast<double>(largest / 127.0f)
                                : 0.0;
      sum.value += weights.at(row, i) * x;
      activations += std::abs(x);
    }
  }
  // Scale times quant and minimum, which the kernels add apart, may each be as large as the largest weights.
  const double smallest = weights.type == GGML_TYPE_BF16 ? 0x1p-126 : 0x1p-149;  // subnormal sums of BF16 are zeros
  sum.bound = 2 * weights.largest * activations * 0x1p-24 * (weights.inputs / kBlock + 8) + smallest * weights.inputs;
  return sum;
}

class Multiply : public testing::TestWithParam<ggml_type> {
 protected:
  std::mt19937 random_{7};
};

TEST_P(Multiply, GivesTheSumOfProducts) {
  for (const Scales scales : {Scales::ordinary, Scales::tiny, Scales::large, Scales::zero}) {
    for (const int inputs : {256, 768}) {
      const FileRows weights = file_rows(GetParam(), inputs, 37, scales, random_);
      const Columns columns = random_columns(11, inputs, random_, 3.0);
      for (const auto& [name, kernel] : kernels_here(GetParam())) {
        const Columns results = multiply(kernel, weights, columns);
        for (std::size_t c = 0; c < columns.size(); ++c) {
          for (int row = 0; row < weights.rows; ++row) {
            const Expected sum = expected(weights, row, columns[c]);
            ASSERT_NEAR(results[c][row], sum.value, sum.bound)
                << name << ", row " << row << ", column " << c << ", scales " << int(scales);
          }
        }
      }
    }
  }
}

// One input is 1 and the others 0: the product is that weight. So each weight of a file has its place.
TEST_P(Multiply, KnowsEveryWeightByItsPlace) {
  const int inputs = 512;
  const FileRows weights = file_rows(GetParam(), inputs, 19, Scales::ordinary, random_);
  Columns columns(static_cast<std::size_t>(inputs), std::vector<float>(static_cast<std::size_t>(inputs)));
  for (int i = 0; i < inputs; ++i) columns[i][i] = 1.0f;
  for (const auto& [name, kernel] : kernels_here(GetParam())) {
    const Columns results = multiply(kernel, weights, columns);
    for (int i = 0; i < inputs; ++i) {
      for (int row = 0; row < weights.rows; ++row) {
        ASSERT_NEAR(results[i][row], weights.at(row, i), weights.largest * 0x1p-21)
            << name << ", row " << row << ", input " << i;
      }
    }
  }
}

TEST_P(Multiply, GivesAColumnTheSameBitsInAnyCompanyAndByAnyInstructionSet) {
  const int inputs = 1024;
  const FileRows weights = file_rows(GetParam(), inputs, 48, Scales::ordinary, random_);
  const Columns columns = random_columns(17, inputs, random_);
  const Columns alone = multiply(kPlainKernel, weights, columns, 1);
  for (const auto& [name, kernel] : kernels_here(GetParam())) {
    for (int width = 1; width <= kPanel; ++width)
      ASSERT_EQ(multiply(kernel, weights, columns, width), alone) << name << ", panels of " << width;
  }
}

TEST_P(Multiply, KeepsANanToItsColumn) {
  const int inputs = 256;
  const FileRows weights = file_rows(GetParam(), inputs, 20, Scales::ordinary, random_);
  Columns columns = random_columns(5, inputs, random_);
  const Columns before = multiply(kPlainKernel, weights, columns);
  columns[1][40] = std::numeric_limits<float>::quiet_NaN();
  columns[3][255] = -std::numeric_limits<float>::infinity();
  for (const auto& [name, kernel] : kernels_here(GetParam())) {
    const Columns results = multiply(kernel, weights, columns);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c % 2 == 0) {
        EXPECT_EQ(results[c], before[c]) << name;
        continue;
      }
      for (const float value : results[c]) EXPECT_FALSE(std::isfinite(value)) << name << ", column " << c;
    }
  }
}

TEST_P(Multiply, TakesExtremeActivations) {
  const int inputs = 256;
  const FileRows weights = file_rows(GetParam(), inputs, 16, Scales::ordinary, random_);
  Columns columns = random_columns(7, inputs, random_);
  for (int i = 0; i < inputs; ++i) {
    columns[0][i] = 0.0f;
    columns[1][i] = -0.0f;
    columns[2][i] = std::ldexp(i % 2 ? 1.0f : -1.0f, -112 - 6 * (i / 32));  // down to the last subnormal and zero
    columns[3][i] = i % 2 ? 1e30f : -1e30f;
    columns[4][i] = (i % 3 ? 1.0f : -1.0f) * 5e-35f;         // about 2^-114
    columns[5][i] = i % 32 == 5 ? 1e6f : 0.4f;               // one outlier in each block
    columns[6][i] = 1.0f + static_cast<float>(i) * 0x1p-8f;  // half of them between two of BF16
  }
  for (const auto& [name, kernel] : kernels_here(GetParam())) {
    const Columns results = multiply(kernel, weights, columns);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      for (int row = 0; row < weights.rows; ++row) {
        const Expected sum = expected(weights, row, columns[c]);
        ASSERT_NEAR(results[c][row], sum.value, sum.bound) << name << ", row " << row << ", column " << c;
      }
    }
  }
}

// The largest weights times the largest activations, of either sign: what sums in 16 bits have to hold.
TEST_P(Multiply, HoldsTheLargestSumsOfABlock) {
  const int inputs = 512;
  Columns columns(6, std::vector<float>(static_cast<std::size_t>(inputs)));
  for (int i = 0; i < inputs; ++i) {
    columns[0][i] = 1.0f;
    columns[1][i] = -1.0f;
    columns[2][i] = i % 32 < 16 ? 1.0f : -1.0f;  // the halves of a block
    columns[3][i] = i % 4 < 2 ? 1.0f : -1.0f;    // pairs
    columns[4][i] = i % 8 < 4 ? -1.0f : 1.0f;    // fours
    columns[5][i] = random_() % 2 ? 1.0f : -1.0f;
  }
  for (const int fill : {0xff, 0x00, 0x80, 0x7f}) {  // of 8 bits -1, 0, the smallest, the largest; of 4 the extremes
    const FileRows weights = file_rows(GetParam(), inputs, 16, Scales::ordinary, random_, static_cast<std::byte>(fill));
    const Columns plain = multiply(kPlainKernel, weights, columns);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      for (int row = 0; row < weights.rows; ++row) {
        const Expected sum = expected(weights, row, columns[c]);
        ASSERT_NEAR(plain[c][row], sum.value, sum.bound) << "bytes of " << fill << ", row " << row << ", column " << c;
      }
    }
    for (const auto& [name, kernel] : kernels_here(GetParam()))
      ASSERT_EQ(multiply(kernel, weights, columns), plain) << name << ", bytes of " << fill;
  }
}

std::string name(const testing::TestParamInfo<ggml_type>& info) { return ggml_type_name(info.param); }
INSTANTIATE_TEST_SUITE_P(AllTypes, Multiply, testing::ValuesIn(kTypes), name);

// Float types have no blocks: any number of inputs.
TEST(MultiplyFloats, TakesAnyNumberOfInputs) {
  std::mt19937 random(3);
  for (const ggml_type type : {GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_F32}) {
    for (const int inputs : {1, 2, 3, 31, 33, 97}) {
      const FileRows weights = file_rows(type, inputs, 5, Scales::ordinary, random);
      Columns columns = random_columns(9, inputs, random);
      for (auto& column : columns)
        column.resize(column.size() + kBlock, std::numeric_limits<float>::quiet_NaN());  // not ours
      const Columns plain = multiply(kPlainKernel, weights, columns);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        for (int row = 0; row < weights.rows; ++row) {
          const Expected sum = expected(weights, row, columns[c]);
          ASSERT_NEAR(plain[c][row], sum.value, sum.bound) << inputs << " inputs";
        }
      }
      for (const auto& [name, kernel] : kernels_here(type))
        ASSERT_EQ(multiply(kernel, weights, columns, 3), plain) << name << ", " << inputs << " inputs";
    }
  }
}

// What vdpbf16ps does: sums below the smallest normal number are zeros, each as soon as it is made.
TEST(MultiplyFloats, FlushesSubnormalSumsOfBf16ByEveryInstructionSet) {
  std::mt19937 random(4);
  const int inputs = 70;
  FileRows weights = file_rows(GGML_TYPE_BF16, inputs, 16, Scales::ordinary, random);  // about 2^-7
  Columns columns = random_columns(8, inputs, random);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (float& x : columns[c])
      x = std::ldexp(x, -114 - 2 * static_cast<int>(c));  // products of about 2^-121 to 2^-135
  }
  columns[0][3] = std::ldexp(1.0f, -130);  // subnormal itself
  for (int row = 0; row < 16; ++row) {     // and a weight, beside an activation that would show it
    const std::uint16_t subnormal = 0x8012;
    std::memcpy(weights.bytes.data() + weights.row_bytes * static_cast<std::size_t>(row) + 2 * 8, &subnormal, 2);
  }
  for (auto& column : columns) column[8] = 0x1p10f;
  const Columns plain = multiply(kPlainKernel, weights, columns);
  int zeros = 0, others = 0;
  for (const auto& column : plain) {
    for (const float value : column) {
      ++(value == 0 ? zeros : others);
      EXPECT_TRUE(value == 0 || std::isnormal(value));
    }
  }
  EXPECT_GT(zeros, 8);
  EXPECT_GT(others, 8);
  for (const auto& [name, kernel] : kernels_here(GGML_TYPE_BF16))
    ASSERT_EQ(multiply(kernel, weights, columns), plain) << name;
}

}  // namespace
}  // namespace decant::kernels
