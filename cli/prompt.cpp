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
#include "cli/input.h"
#include "processors/token_healing.h"

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
std::vector<Part> parts_of_users(const ChatTemplate& chat, const std::vector<Message>& messages,
                                 const std::string& rendered) {
  std::vector<Message> marked = messages;
  std::vector<std::string> marks;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    marks.push_back(fmt::format("\uE000{}\uE001", i));  // private use
    marked[i].content = marks.back();
  }
  const std::string text = chat.render(marked);
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
  const ChatTemplate* const chat = options.no_chat_template ? nullptr : model.chat_template();
  if (options.system && !chat) {
    throw Error(ErrorKind::usage, "--system needs a chat template: {}",
                options.no_chat_template ? "drop --no-chat-template" : "this model's file has none");
  }
  const LlamaVocab& vocab = model.vocab();
  check_length(text, model);
  if (!chat) {
    const bool parse = options.parse_special;
    const bool own_bos = parse && !vocab.bos_text().empty() && text.starts_with(vocab.bos_text());
    return {.text = text, .tokens = vocab.tokenize(text, parse, !own_bos), .own_bos = own_bos && vocab.adds_bos()};
  }

  std::vector<Message> messages;
  if (options.system) {
    check_utf8(*options.system, "the system message");
    messages.push_back({"system", *options.system});
  }
  messages.push_back({"user", text});
  return make_prompt(messages, options, model);
}

Prompt make_prompt(const std::vector<Message>& messages, const PromptOptions& options, const LlamaFile& model) {
  const ChatTemplate* const chat = model.chat_template();
  if (!chat) {
    throw Error(ErrorKind::usage, "messages need a chat template, and {} has none: give the text itself", model.name());
  }
  const LlamaVocab& vocab = model.vocab();
  const std::string rendered = chat->render(messages);
  const bool add_bos = vocab.bos_text().empty() || !rendered.starts_with(vocab.bos_text());
  if (options.parse_special) return {rendered, vocab.tokenize(rendered, true, add_bos), true};
  const std::vector<Part> parts = parts_of_users(*chat, messages, rendered);
  return {rendered, tokenize_apart(rendered, parts, vocab, add_bos), true};
}

Prompt healed(Prompt prompt, const Vocab& vocab) {
  prompt.healed = heal(prompt.tokens, vocab);
  if (prompt.text.ends_with(prompt.healed)) prompt.text.resize(prompt.text.size() - prompt.healed.size());
  return prompt;
}

}  // namespace decant
