// Vocabularies of many kinds against Hugging Face's tokenizers, 60 texts each: README.md beside this file.
#include <gtest/gtest.h>
#include <llama.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "llama/library.h"
#include "llama/llama_vocab.h"
#include "support/golden_files.h"
#include "support/paths.h"

namespace decant {
namespace {

using namespace test;

using Tokens = std::vector<Token>;

const Json& recorded() {
  static const Json& recorded = *new Json(Json::parse(std::ifstream(zoo_folder() / "tokens.json")));
  return recorded;
}

std::vector<std::string> vocabularies() {
  std::vector<std::string> names;
  for (const auto& each : recorded()["vocabularies"].items()) names.push_back(each.key());
  return names;
}

std::string text_of(const LlamaVocab& vocab, const Tokens& ids) {
  std::string text;
  for (const Token id : ids) text += vocab.bytes(id);
  return text;
}

class TokenZoo : public testing::TestWithParam<std::string> {
 protected:
  TokenZoo() : golden_(recorded()["vocabularies"][GetParam()]) {
    start_library();
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const auto path = zoo_folder() / ("tokens-" + GetParam() + ".gguf");
    model_.reset(llama_model_load_from_file(path.c_str(), params));
    if (!model_) throw Error(ErrorKind::data, "{} cannot be loaded", path.string());
    vocab_ = std::make_unique<LlamaVocab>(llama_model_get_vocab(model_.get()), GgufInfo{});
  }

  template <class Check>
  void for_each(const Check& check) const {
    const Json& texts = recorded()["texts"];
    ASSERT_EQ(texts.size(), 60u);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      SCOPED_TRACE(fmt::format("{}: {}", i, texts[i].dump()));
      check(texts[i].get<std::string>(), golden_["ids"][i].get<Tokens>(), std::to_string(i));
    }
  }

  // What is recorded of some texts alone.
  template <class T>
  T other(const char* what, const std::string& i, const T& otherwise) const {
    return golden_.contains(what) ? golden_[what].value(i, otherwise) : otherwise;
  }

  const Json& golden_;
  ModelHandle model_;
  std::unique_ptr<LlamaVocab> vocab_;
};

TEST_P(TokenZoo, TextsBecomeTheIdsOfHuggingFace) {
  for_each([&](const std::string& text, const Tokens& ids, const std::string& i) {
    const Tokens ours = vocab_->tokenize(text, true, false);
    const auto reason = other<std::string>("differs", i, "");
    if (reason.empty()) {
      EXPECT_EQ(ours, ids);
    } else {
      EXPECT_NE(ours, ids) << "no longer: " << reason;
    }
  });
}

TEST_P(TokenZoo, SpecialTokensOfATextAreTextWhereAskedFor) {
  if (!golden_.contains("plain_ids")) return;
  for_each([&](const std::string& text, const Tokens& ids, const std::string& i) {
    if (other<std::string>("differs", i, "").empty()) {
      EXPECT_EQ(vocab_->tokenize(text, false, false), other("plain_ids", i, ids));
    }
  });
}

TEST_P(TokenZoo, IdsBecomeTheTextsOfHuggingFace) {
  if (!golden_.contains("texts")) return;
  for_each([&](const std::string& text, const Tokens& ids, const std::string& i) {
    const Json theirs = other("texts", i, Json(text));
    if (theirs.is_null()) return;
    std::string ours = text_of(*vocab_, ids);
    // The blank that SentencePiece puts before a text and takes away again.
    if (golden_.value("prefix", false) && ours.starts_with(' ')) ours.erase(0, 1);
    EXPECT_EQ(ours, theirs);
  });
}

INSTANTIATE_TEST_SUITE_P(All, TokenZoo, testing::ValuesIn(vocabularies()), [](const auto& name) {
  std::string word = name.param;
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
});

TEST(TokenZooFiles, AreOfEveryKind) { EXPECT_GE(vocabularies().size(), 8u); }

}  // namespace
}  // namespace decant
