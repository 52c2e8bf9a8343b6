// The tokenizer and the chat template against Hugging Face transformers: tests/support/goldens/README.md.
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "cli/prompt.h"
#include "llama/chat_template.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

using Tokens = std::vector<Token>;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string text_of(const LlamaVocab& vocab, const Tokens& ids) {
  std::string bytes;
  for (const Token id : ids) bytes += vocab.bytes(id);
  Utf8Buffer buffer;
  const std::string text = buffer.push(bytes);
  return text + buffer.flush();
}

TEST(LlamaVocab, TextToIds) {
  const LlamaVocab& vocab = model_file(kF32)->vocab();
  const Json cases = golden_cases("tokenizer.json");
  ASSERT_EQ(cases.size(), 49u);
  for (const Json& c : cases) {
    SCOPED_TRACE(c["text"]);
    const std::string text = c["text"];
    const Tokens ids = c["ids"], plain = c.value("plain_ids", ids);
    EXPECT_EQ(vocab.tokenize(text, true, false), ids);
    EXPECT_EQ(vocab.tokenize(text, true, true), ids) << "the model wants no BOS";
    EXPECT_EQ(vocab.tokenize(text, false, false), plain);
  }
}

TEST(LlamaVocab, IdsToText) {
  const LlamaVocab& vocab = model_file(kF32)->vocab();
  for (const Json& c : golden_cases("tokenizer.json")) {
    SCOPED_TRACE(c["text"]);
    EXPECT_EQ(text_of(vocab, c["ids"]), c.value("decoded", c["text"].get<std::string>()));
  }
}

TEST(LlamaVocab, IdsToBytes) {
  const LlamaVocab& vocab = model_file(kF32)->vocab();
  int cases = 0;
  for (const Json& c : golden_cases("tokenizer.json")) {
    if (!c.contains("bytes")) continue;
    ++cases;
    std::vector<std::string> bytes;
    for (const Token id : c["ids"].get<Tokens>()) bytes.push_back(hex(vocab.bytes(id)));
    EXPECT_EQ(bytes, c["bytes"].get<std::vector<std::string>>()) << c["text"];
  }
  EXPECT_EQ(cases, 17);
}

TEST(LlamaVocab, SpecialTokens) {
  const LlamaVocab& vocab = model_file(kF32)->vocab();
  EXPECT_EQ(vocab.size(), 49152);
  EXPECT_EQ(vocab.eos(), Tokens{2});
  EXPECT_EQ(vocab.piece(2), "<|im_end|>");
  EXPECT_EQ(vocab.bytes(2), "");
  EXPECT_EQ(vocab.bos_text(), "<|im_start|>");
  EXPECT_EQ(vocab.eos_text(), "<|im_end|>");
}

// Also of the document: <|endoftext|>, which the file declares as nothing. Without a template only what it declares.
TEST(LlamaVocab, TheEndOfATurn) {
  const LlamaVocab& vocab = model_file(kF32)->vocab();
  EXPECT_EQ(vocab.eos(), Tokens{2});
  const Tokens ends = vocab.end_of_turn();
  EXPECT_EQ(ends[0], 2);
  EXPECT_NE(std::find(ends.begin(), ends.end(), 0), ends.end());
}

// A token can be longer than the buffer that libllama is first given, and what was handed out stays where it is.
TEST(LlamaVocab, EveryTokenHasBytesOfItsOwnLength) {
  const LlamaVocab& vocab = model_file(kF32)->vocab();
  const std::string_view first = vocab.bytes(19556);
  std::size_t longest = 0;
  for (Token id = 0; id < vocab.size(); ++id) longest = std::max(longest, vocab.bytes(id).size());
  EXPECT_GT(longest, 32u);
  EXPECT_EQ(first, "Hello");
  EXPECT_EQ(first.data(), vocab.bytes(19556).data());
}

std::vector<Message> messages_of(const Json& c) {
  std::vector<Message> messages;
  for (const Json& each : c["messages"]) messages.push_back({each["role"], each["content"]});
  return messages;
}

TEST(LlamaVocab, ChatTemplate) {
  const auto file = model_file(kF32);
  const LlamaVocab& vocab = file->vocab();
  const Json cases = golden_cases("chat.json");
  ASSERT_EQ(cases.size(), 10u);
  for (const Json& c : cases) {
    SCOPED_TRACE(c["name"]);
    const std::string text = file->chat_template()->render(messages_of(c));
    EXPECT_EQ(text, c["text"].get<std::string>());
    EXPECT_EQ(vocab.tokenize(text, true, false), c["ids"].get<Tokens>());
  }
}

// The conversations that the command line can express: one question, with or without a system message.
TEST(LlamaVocab, ChatPrompts) {
  int asked = 0;
  for (const Json& c : golden_cases("chat.json")) {
    const std::vector<Message> messages = messages_of(c);
    PromptOptions options;
    if (messages.size() == 2 && messages[0].role == "system") options.system = messages[0].content;
    if (messages.back().role != "user" || messages.size() != 1u + options.system.has_value()) continue;
    ++asked;
    const Prompt prompt = make_prompt(messages.back().content, options, *model_file(kF32));
    EXPECT_EQ(prompt.text, c["text"].get<std::string>());
    EXPECT_EQ(prompt.tokens, c["ids"].get<Tokens>());
    EXPECT_TRUE(prompt.chat);
  }
  EXPECT_EQ(asked, 7);
}

TEST(LlamaVocab, RawPrompts) {
  PromptOptions options;
  options.no_chat_template = true;
  for (const Json& c : golden_cases("greedy.json")) {
    const Prompt prompt = make_prompt(c["prompt"], options, *model_file(kF32));
    EXPECT_EQ(prompt.tokens, c["prompt_ids"].get<Tokens>());
    EXPECT_FALSE(prompt.chat);
  }
}

TEST(LlamaVocab, ABadTemplateIsAnErrorInTheFile) {
  const std::vector<Message> messages = {{"user", "Hello"}};
  for (const char* source : {"{% for m in messages %}", "{{ raise_exception('no') }}", "{{ messages["}) {
    try {
      render_chat(source, messages, "", "");
      ADD_FAILURE() << source;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data);
      EXPECT_NE(std::string(error.what()).find("--no-chat-template"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace decant
