// An EAGLE-3 draft for a model of the zoo, made by tests/zoo/make_eagle.py: what it says is what transformers' layers
// say, and texts with it are those without.
#include "llama/eagle_draft.h"

#include <gtest/gtest.h>

#include "kernels/isa.h"
#include "support/headed_runs.h"
#include "support/real_models.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;

struct Drafted {
  Drafted()
      : file(std::make_shared<const LlamaFile>(heads_folder() / "eagle3_llama.gguf", one_thread())),
        model(std::make_shared<LlamaModel>(std::make_shared<const LlamaFile>(zoo_folder() / "llama.gguf", one_thread()),
                                           one_thread(), 512, 16)),
        draft(file, model, one_thread(), 512, 16) {
    std::ifstream(heads_folder() / "eagle3_llama.json") >> golden;
  }

  std::shared_ptr<const LlamaFile> file;
  std::shared_ptr<LlamaModel> model;
  EagleDraft draft;
  Json golden;
};

TEST(EagleDraft, SaysWhatTransformersLayersSay) {
  Drafted drafted;
  SaidByHead said(*drafted.model, drafted.draft);
  const std::vector<Token> text = drafted.golden["prompt_ids"].get<std::vector<Token>>();
  said.read({text.begin(), text.end() - 1});
  said.expect_guesses(text, drafted.golden);  // first, so that the draft reads the text in one batch
  // Of one token nothing is said: it has no row.
  for (std::size_t i = 1; i < text.size(); ++i) {
    SCOPED_TRACE(i);
    said.expect({text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i) + 1}, drafted.golden["rows"][i - 1]);
  }
}

TEST(EagleDraft, TheTextIsThatWithoutIt) {
  if (!kernels::best_isa()) GTEST_SKIP() << "no instruction set for our kernels: bits hang on company";
  Drafted drafted;
  std::int64_t guesses = 0;
  for (const Json& way : ways_to_write()) {
    SCOPED_TRACE(way.dump());
    Json with = way;
    with["assistant_model"] = "a draft";
    with["num_assistant_tokens_schedule"] = "constant";
    const auto prompt = drafted.golden["prompt_ids"].get<std::vector<Token>>();
    const auto plain = write_headed(*drafted.model, drafted.draft, prompt, way);
    const auto guessed = write_headed(*drafted.model, drafted.draft, prompt, with);
    EXPECT_EQ(plain.ids, guessed.ids);
    guesses += guessed.drafted;
  }
  EXPECT_GT(guesses, 200) << "or nothing was tried";
}

TEST(EagleDraft, AModelOfAnotherWidthIsRefused) {
  Drafted drafted;
  const LlamaModel other(std::make_shared<const LlamaFile>(zoo_folder() / "heads" / "glm4moe_head.gguf", one_thread()),
                         one_thread(), 256, 2);
  try {
    check_eagle_draft(*drafted.file, other);
    FAIL() << "GLM has as many layers as it reads";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_EQ(error.what(),
              drafted.file->path().string() +
                  " cannot draft for glm4moe_head: it reads layers that are not there: glm4moe_head has 2");
  }
}

TEST(EagleDraft, AMappingToTokensThatAreNotThereIsRefused) {
  Drafted drafted;
  std::string bytes = read_file(drafted.file->path());
  const std::string first("\x03\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0", 16);  // of d2t
  const std::size_t at = bytes.rfind(first);
  ASSERT_NE(at, bytes.npos);
  bytes[at + 2] = 1;
  const TemporaryFolder folder;
  const LlamaFile file(folder.write("draft.gguf", bytes), one_thread());
  try {
    check_eagle_draft(file, *drafted.model);
    FAIL() << "the mapping names token 65539";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              file.path().string() + " cannot draft for llama: its mapping d2t names tokens that are not there");
  }
}

}  // namespace
}  // namespace decant
