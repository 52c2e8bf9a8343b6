#include "cli/prompt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

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

std::string read_prompt(const PromptOptions& options) {
  const std::string text = read_source(options);
  if (text.empty()) throw Error(ErrorKind::usage, "the prompt is empty: there is nothing to continue");
  check_utf8(text, options.file && *options.file != "-" ? *options.file : "the prompt");
  return text;
}

namespace {

// Part of a prompt that its user wrote.
struct Part {
  std::size_t begin, end;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// The rendered text with each message's mark replaced by what `content` makes of the message; where these stand.
std::string filled(const std::string& marked, std::span<const std::string> marks, std::span<const Message> messages,
                   std::string_view (*content)(std::string_view), std::vector<Part>& parts) {
  std::string text;
  parts.clear();
  for (std::size_t at = 0; at < marked.size();) {
    const auto mark = std::find_if(marks.begin(), marks.end(),
                                   [&](const std::string& each) { return marked.compare(at, each.size(), each) == 0; });
    if (mark == marks.end()) {
      text += marked[at++];
      continue;
    }
    const std::size_t begin = text.size();
    text += content(messages[static_cast<std::size_t>(mark - marks.begin())].content);
    parts.push_back({begin, text.size()});
    at += mark->size();
  }
  return text;
}

// Where the messages stand in what the template makes of them: told by marks in their place, which a template passes on
// as it does any word.
std::vector<Part> parts_of_users(const std::string& source, const std::vector<Message>& messages,
                                 const LlamaVocab& vocab, const std::string& rendered) {
  std::vector<Message> marked = messages;
  std::vector<std::string> marks;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    marks.push_back(fmt::format("\uE000{}\uE001", i));  // private use
    marked[i].content = marks.back();
  }
  const std::string text = render_chat(source, marked, vocab.bos_text(), vocab.eos_text());
  std::vector<Part> parts;
  const auto as_it_is = [](std::string_view content) { return content; };
  if (filled(text, marks, messages, as_it_is, parts) == rendered) return parts;
  if (filled(text, marks, messages, trimmed, parts) == rendered) return parts;
  throw Error(
      ErrorKind::usage,
      "--parse-special false: the chat template changes the text of the message, so that its special tokens and "
      "the template's cannot be told apart: use --no-chat-template");
}

// Special tokens are parsed where no part of the user's has anything to do with them.
std::vector<Token> tokenize_apart(std::string_view text, std::span<const Part> parts, const LlamaVocab& vocab,
                                  bool add_bos) {
  std::vector<std::pair<std::string_view, Token>> names;  // of special tokens
  for (Token token = 0; token < vocab.size(); ++token) {
    if (vocab.bytes(token).empty() && !vocab.piece(token).empty()) names.emplace_back(vocab.piece(token), token);
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  const auto is_users = [&](std::size_t begin, std::size_t end) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const Part& part) { return part.begin < end && begin < part.end; });
  };
  std::vector<Token> tokens;
  std::size_t raw = 0;  // where the text without special tokens begins
  bool is_first = true;
  const auto add_raw = [&](std::size_t end) {
    const bool with_bos = std::exchange(is_first, false) && add_bos;
    if (raw == end && !with_bos) return;
    const auto more = vocab.tokenize(text.substr(raw, end - raw), false, with_bos);
    tokens.insert(tokens.end(), more.begin(), more.end());
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto name = std::find_if(names.begin(), names.end(), [&](const auto& each) {
      return text.substr(at).starts_with(each.first) && !is_users(at, at + each.first.size());
    });
    if (name == names.end()) {
      ++at;
      continue;
    }
    add_raw(at);
    tokens.push_back(name->second);
    raw = at += name->first.size();
  }
  add_raw(text.size());
  return tokens;
}

}  // namespace

Prompt make_prompt(const std::string& text, const PromptOptions& options, const LlamaFile& model) {
  const std::optional<std::string> source = options.no_chat_template ? std::nullopt : model.chat_template();
  if (options.system && !source) {
    throw Error(ErrorKind::usage, "--system needs a chat template: {}",
                options.no_chat_template ? "drop --no-chat-template" : "this model's file has none");
  }
  const LlamaVocab& vocab = model.vocab();
  const auto begins_with_bos = [&](const std::string& whole) {
    return !vocab.bos_text().empty() && whole.starts_with(vocab.bos_text());
  };
  if (!source) {
    const bool parse = options.parse_special;
    return {text, vocab.tokenize(text, parse, !(parse && begins_with_bos(text))), false};
  }

  std::vector<Message> messages;
  if (options.system) {
    check_utf8(*options.system, "the system message");
    messages.push_back({"system", *options.system});
  }
  messages.push_back({"user", text});
  const std::string rendered = render_chat(*source, messages, vocab.bos_text(), vocab.eos_text());
  const bool add_bos = !begins_with_bos(rendered);
  if (options.parse_special) return {rendered, vocab.tokenize(rendered, true, add_bos), true};
  const std::vector<Part> parts = parts_of_users(*source, messages, vocab, rendered);
  return {rendered, tokenize_apart(rendered, parts, vocab, add_bos), true};
}

}  // namespace decant
