// Models that carry a head for further tokens, made by tests/zoo/make_mtp.py: what the head says is what transformers'
// layers say, texts with it are those without, and a head that says what its model says is always right.
#include "llama/next_head.h"

#include <gtest/gtest.h>

#include "kernels/isa.h"
#include "support/headed_runs.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

using Tokens = std::vector<Token>;

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Headed {
  explicit Headed(const std::string& name)
      : file(std::make_shared<const LlamaFile>(heads_folder() / (name + ".gguf"), one_thread())),
        model(std::make_shared<LlamaModel>(file, one_thread(), 512, 16, kMostTakenBack)),
        head(file, model, one_thread(), 512, 16) {
    std::ifstream(heads_folder() / (name + ".json")) >> golden;
  }

  Tokens prompt() const { return golden["prompt_ids"].get<Tokens>(); }
  WrittenWithHead write(const Json& options) { return write_headed(*model, head, prompt(), options); }

  std::shared_ptr<const LlamaFile> file;
  std::shared_ptr<LlamaModel> model;
  NextHead head;
  Json golden;
};

class LlamaNextHead : public ::testing::TestWithParam<std::string> {};

TEST_P(LlamaNextHead, SaysWhatTransformersLayersSay) {
  Headed headed(GetParam());
  SaidByHead said(*headed.model, headed.head);
  const Tokens text = headed.prompt() + headed.golden["greedy"].get<Tokens>();
  said.read({text.begin(), text.end() - 1});
  said.expect_guesses(text, headed.golden);  // first, so that the head reads the text in one batch
  for (std::size_t i = 0; i < text.size(); ++i) {
    SCOPED_TRACE(i);
    said.expect({text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i) + 1}, headed.golden["rows"][i]);
  }
}

Json with_head(Json way) {
  way["drafter"] = "mtp";
  way["num_assistant_tokens_schedule"] = "constant";
  way["num_assistant_tokens"] = 4;
  return way;
}

TEST_P(LlamaNextHead, TheTextIsThatWithoutIt) {
  if (!kernels::best_isa()) GTEST_SKIP() << "no instruction set for our kernels: bits hang on company";
  Headed headed(GetParam());
  std::int64_t drafted = 0;
  for (const Json& way : ways_to_write()) {
    SCOPED_TRACE(way.dump());
    const auto plain = headed.write(way), with = headed.write(with_head(way));
    EXPECT_EQ(plain.ids, with.ids);
    EXPECT_EQ(plain.drafted, 0);
    drafted += with.drafted;
  }
  EXPECT_GT(drafted, 150) << "or nothing was tried";
}

TEST_P(LlamaNextHead, TheModelAloneWritesWhatTransformersWrites) {
  Headed headed(GetParam());
  const Tokens greedy = headed.golden["greedy"].get<Tokens>();
  Tokens ids = headed.write(Json::object()).ids[0];
  ids.resize(greedy.size());
  EXPECT_EQ(ids, greedy);
}

INSTANTIATE_TEST_SUITE_P(Files, LlamaNextHead,
                         ::testing::Values("glm4moe_head", "glm4moe_copy", "deepseek2_head", "qwen35_head",
                                           "qwen35_copy"),
                         [](const auto& test) { return test.param; });

class Copying : public ::testing::TestWithParam<std::string> {};

TEST_P(Copying, IsAlwaysRight) {
  Headed headed(GetParam());
  for (const Json& way : ways_to_write()) {
    SCOPED_TRACE(way.dump());
    if (way.contains("guidance_scale")) continue;  // drafts have no second text
    const auto written = headed.write(with_head(way));
    EXPECT_GT(written.drafted, 30);
    EXPECT_EQ(written.kept, written.drafted);
  }
}

INSTANTIATE_TEST_SUITE_P(NextHead, Copying, ::testing::Values("glm4moe_copy", "qwen35_copy"),
                         [](const auto& test) { return test.param; });

TEST(NextHead, AFileWithoutOneIsRefused) {
  const LlamaFile plain(zoo_folder() / "qwen3.gguf", one_thread());
  EXPECT_EQ(no_next_head(plain), "the file carries no head for further tokens");
  EXPECT_EQ(no_next_head(*Headed("glm4moe_head").file), "");
}

}  // namespace
}  // namespace decant
