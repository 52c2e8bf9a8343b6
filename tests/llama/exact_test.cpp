// --exact: the promise (support/exactness.h) on the real model, and what it refuses. Where the CPU has no instruction
// set for our kernels, plain C++ keeps the promise too, but takes hours on the real model: there it is the microscopic
// one.
#include <gtest/gtest.h>

#include "kernels/isa.h"
#include "llama/exactness.h"
#include "support/exactness.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

ModelOptions exact() {
  ModelOptions options = one_thread();
  options.exact = true;
  options.kernels = "on";
  return options;
}

bool is_fast() { return kernels::best_isa().has_value(); }

// With its weights as our kernels read them.
std::shared_ptr<const LlamaFile> exact_file(const std::string& name) {
  return is_fast() ? model_file(name) : std::make_shared<const LlamaFile>(model_path(name), exact());
}

std::string refusal(const std::string& name, const ModelOptions& options) {
  try {
    const LlamaModel model(std::make_shared<const LlamaFile>(model_path(name), options), options, 256);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Exact : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!is_fast() && GetParam() != std::string(kMicro)) GTEST_SKIP() << "no instruction set for our kernels";
  }
};

TEST_P(Exact, GivesTheSameBitsInAnyCompany) {
  const Checked checked = check_company(exact_file(GetParam()), exact(), 1, 15, 5);
  EXPECT_EQ(checked.different, "");
  EXPECT_GT(checked.equal, 20);
}

TEST_P(Exact, GivesTheSameBitsToAnyNumberOfBranches) {
  const int counts[] = {1, 2, 5, 8, 9, 17, 64};
  for (const std::size_t prefix : {1, 300}) {
    const Checked checked = check_branches(exact_file(GetParam()), exact(), 1, prefix, counts, 200);
    EXPECT_EQ(checked.different, "");
    EXPECT_EQ(checked.equal, 8);
  }
}

TEST_P(Exact, GivesTheSameBitsOnTwoThreads) {
  const int counts[] = {1, 9};
  const Checked checked = check_branches(exact_file(GetParam()), exact(), 2, 300, counts, 300);
  EXPECT_EQ(checked.different, "");
  EXPECT_EQ(checked.equal, 3);
}

INSTANTIATE_TEST_SUITE_P(Models, Exact, testing::Values(kMicro, kQ4_0, "smollm2-q4_k_m.gguf", kF32),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::ranges::replace_if(
                               name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
                           return name;
                         });

TEST(ExactDrafts, GiveTheTextOfGreedySearch) {
  std::mt19937 random(3);
  const auto file = exact_file(is_fast() ? kQ4_0 : kMicro);
  Crowd plain(file, exact(), 1, 256, 1), drafted(file, exact(), 1, 256, 1);
  for (int i = 0; i < 2; ++i) {
    const Tokens prompt = random_tokens(20, plain.n_vocab(), random), text = greedy(plain, prompt, 64);
    EXPECT_EQ(greedy_by_drafts(drafted, prompt, text, random), text);
  }
}

TEST(ExactOptions, RefuseWhatContradicts) {
  ModelOptions options = exact();
  options.kernels = "off";
  EXPECT_EQ(refusal(kMicro, options), "--exact is kept by our kernels: drop --kernels off, or --exact");
  options = exact();
  options.flash_attn = "off";
  EXPECT_EQ(refusal(kMicro, options), "--exact is kept by fused attention: drop --flash-attn off, or --exact");
}

// A file loaded with kernels off has its weights as ggml lays them.
TEST(ExactOptions, RefuseAFileWhoseWeightsAreNotOurs) {
  ModelOptions off = one_thread();
  off.kernels = "off";
  const auto file = std::make_shared<const LlamaFile>(model_path(kQ4_0), off);
  try {
    const LlamaModel model(file, exact(), 256);
    ADD_FAILURE() << "it was taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("ggml computes MUL_MAT of q"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace decant
