// The check against the library it protects.
#include "files/gguf_check.h"

#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "files/gguf_types.h"
#include "support/gguf_builder.h"

namespace decant {
namespace {

TEST(LlamaGgufCheck, TensorTypesAreThoseOfGgml) {
  ASSERT_EQ(kTensorTypes.size(), static_cast<std::size_t>(GGML_TYPE_COUNT));
  for (int id = 0; id < GGML_TYPE_COUNT; ++id) {
    const TensorType& ours = kTensorTypes[id];
    const auto type = static_cast<ggml_type>(id);
    EXPECT_EQ(ours.block, ggml_blck_size(type)) << id;
    EXPECT_EQ(ours.bytes, ggml_type_size(type)) << id;
    if (ours.block > 0) {
      EXPECT_EQ(ours.name, ggml_type_name(type));
    }
  }
}

bool accepted(const std::string& bytes) {
  try {
    check_gguf(bytes, "m.gguf");
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(LlamaGgufCheck, GgmlReadsEveryMutantThatPasses) {
  ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  std::mt19937_64 random(11);
  int passed = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string bytes = test::mutant(test::tiny_gguf(), random);
    if (!accepted(bytes)) continue;
    ++passed;
    gguf_context* file = gguf_init_from_buffer(bytes.data(), bytes.size(), {.no_alloc = true, .ctx = nullptr});
    ASSERT_NE(file, nullptr) << "mutant " << i;
    gguf_free(file);
  }
  EXPECT_GT(passed, 100);
}

}  // namespace
}  // namespace decant
