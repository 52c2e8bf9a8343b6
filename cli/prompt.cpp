#include "cli/prompt.h"

#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/input.h"

namespace decant {
namespace {

std::string read_text(const std::string& path, std::string_view what, std::size_t most) {
  return std::string(without_last_line_end(Input(path, what, most).bytes()));
}

constexpr std::size_t kLongText = 1'000'000;  // bytes: below, tokenizing it costs less than this check

// A text that has more bytes than the model's longest tokens could have together is not tokenized to be refused.
void check_length(std::string_view text, const LlamaFile& model) {
  if (text.size() <= kLongText) return;
  const LlamaVocab& vocab = model.vocab();
  std::size_t longest = 1;
  for (Token token = 0; token < vocab.size(); ++token)
    longest = std::max({longest, vocab.bytes(token).size(), vocab.piece(token).size()});
  if (text.size() / longest <= static_cast<std::size_t>(model.trained_context())) return;
  throw Error(ErrorKind::data,
              "the prompt has {} bytes, more than the {} tokens that {} was trained for can have: shorten it",
              text.size(), model.trained_context(), model.name());
}

constexpr std::string_view prompt_file = "prompt file";

std::string read_source(const PromptOptions& options) {
  if (options.argument.has_value() + options.text.has_value() + options.file.has_value() > 1) {
    throw Error(ErrorKind::usage, "more than one prompt: give it as argument, with -p or with -f, not twice");
  }
  if (options.argument)
    return *options.argument == "-" ? read_text("-", prompt_file, kMostPromptBytes) : *options.argument;
  if (options.text) return *options.text;
  if (options.file) return read_text(*options.file, prompt_file, kMostPromptBytes);
  if (isatty(STDIN_FILENO))
    throw Error(ErrorKind::usage, "no prompt: give it as argument, with -p, with -f FILE or on standard input");
  return read_text("-", prompt_file, kMostPromptBytes);
}

}  // namespace

void check_utf8(std::string_view text, std::string_view what) {
  if (const auto bad = find_invalid_utf8(text)) {
    throw Error(ErrorKind::data, "{} is not UTF-8: byte {} (0x{:02x}) is part of no character; convert it first", what,
                *bad, static_cast<unsigned char>(text[*bad]));
  }
}

std::string read_text_file(const std::string& path, std::string_view option) {
  const std::string text = read_text(path, fmt::format("file of {}", option), kMostRulesBytes);
  check_utf8(text, path);
  return text;
}

std::string read_prompt(const PromptOptions& options) {
  const std::string text = read_source(options);
  if (text.empty()) throw Error(ErrorKind::usage, "the prompt is empty: there is nothing to continue");
  check_utf8(text, options.file && *options.file != "-" ? *options.file : "the prompt");
  return text;
}

Prompt make_prompt(const std::string& text, const PromptOptions& options, const LlamaFile& model) {
  const ChatTemplate* const chat = options.no_chat_template ? nullptr : model.chat_template();
  if (options.system && !chat) {
    throw Error(ErrorKind::usage, "--system needs a chat template: {}",
                options.no_chat_template ? "drop --no-chat-template" : "this model's file has none");
  }
  const LlamaVocab& vocab = model.vocab();
  check_length(text, model);
  if (!chat) return {text, vocab.tokenize(text, true, true), false};

  std::vector<Message> messages;
  if (options.system) {
    check_utf8(*options.system, "the system message");
    messages.push_back({"system", *options.system});
  }
  messages.push_back({"user", text});
  const std::string rendered = chat->render(messages);
  const bool has_bos = !vocab.bos_text().empty() && rendered.starts_with(vocab.bos_text());
  return {rendered, vocab.tokenize(rendered, true, !has_bos), true};
}

}  // namespace decant
