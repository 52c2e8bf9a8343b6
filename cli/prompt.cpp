#include "cli/prompt.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"
#include "llama/chat_template.h"

namespace decant {
namespace {

std::string read_all(std::FILE* file, const std::string& name) {
  std::string text;
  char buffer[1 << 16];
  for (std::size_t n = sizeof buffer;
       n == sizeof buffer;) {  // not beyond the end: a terminal would have to say it twice
    n = std::fread(buffer, 1, sizeof buffer, file);
    text.append(buffer, n);
  }
  if (std::ferror(file)) throw Error(ErrorKind::io, "{} cannot be read: {}", name, std::strerror(errno));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string read_file(const std::string& path, std::string_view what) {
  if (path == "-") return read_all(stdin, "standard input");
  if (std::filesystem::is_directory(path)) throw Error(ErrorKind::no_input, "{} is a directory, not a {}", path, what);
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) throw Error(ErrorKind::no_input, "the {} {} cannot be read: {}", what, path, std::strerror(errno));
  return read_all(file.get(), path);
}

constexpr std::string_view prompt_file = "prompt file";

std::string read_source(const PromptOptions& options) {
  if (options.argument.has_value() + options.text.has_value() + options.file.has_value() > 1) {
    throw Error(ErrorKind::usage, "more than one prompt: give it as argument, with -p or with -f, not twice");
  }
  if (options.argument) return *options.argument == "-" ? read_file("-", prompt_file) : *options.argument;
  if (options.text) return *options.text;
  if (options.file) return read_file(*options.file, prompt_file);
  if (isatty(STDIN_FILENO))
    throw Error(ErrorKind::usage, "no prompt: give it as argument, with -p, with -f FILE or on standard input");
  return read_file("-", prompt_file);
}

}  // namespace

void check_utf8(std::string_view text, std::string_view what) {
  if (const auto bad = find_invalid_utf8(text)) {
    throw Error(ErrorKind::data, "{} is not UTF-8: byte {} (0x{:02x}) is part of no character; convert it first", what,
                *bad, static_cast<unsigned char>(text[*bad]));
  }
}

std::string read_bytes(const std::string& path, std::string_view option) {
  return read_file(path, fmt::format("file of {}", option));
}

std::string read_text_file(const std::string& path, std::string_view option) {
  const std::string text = read_bytes(path, option);
  check_utf8(text, path);
  return text;
}

std::string read_text(const PromptOptions& options) {
  const std::string text = read_source(options);
  check_utf8(text, options.file && *options.file != "-" ? *options.file : "the prompt");
  return text;
}

std::string read_prompt(const PromptOptions& options) {
  const std::string text = read_text(options);
  if (text.empty()) throw Error(ErrorKind::usage, "the prompt is empty: there is nothing to continue");
  return text;
}

Prompt make_prompt(const std::string& text, const PromptOptions& options, const LlamaFile& model) {
  const std::optional<std::string> source = options.no_chat_template ? std::nullopt : model.chat_template();
  if (options.system && !source) {
    throw Error(ErrorKind::usage, "--system needs a chat template: {}",
                options.no_chat_template ? "drop --no-chat-template" : "this model's file has none");
  }
  const LlamaVocab& vocab = model.vocab();
  if (!source) return {text, vocab.tokenize(text, true, true), false};

  std::vector<Message> messages;
  if (options.system) {
    check_utf8(*options.system, "the system message");
    messages.push_back({"system", *options.system});
  }
  messages.push_back({"user", text});
  const std::string rendered = render_chat(*source, messages, vocab.bos_text(), vocab.eos_text());
  const bool has_bos = !vocab.bos_text().empty() && rendered.starts_with(vocab.bos_text());
  return {rendered, vocab.tokenize(rendered, true, !has_bos), true};
}

}  // namespace decant
