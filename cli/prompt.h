// Where a prompt comes from, and what of it the model gets to read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llama/llama_model.h"

namespace decant {

struct PromptOptions {
  std::optional<std::string> argument = {}, text = {}, file = {};  // at most one; "-" as file is standard input
  std::optional<std::string> system = {};
  bool no_chat_template = false;
  bool parse_special = true;  // a special token's name in the user's text is that token
};

struct Prompt {
  std::string text;  // after the chat template, special tokens written out
  std::vector<Token> tokens;
  bool chat = false;        // the template was applied
  std::string healed = {};  // what token healing took from the end of text and tokens
  bool own_bos = false;     // as the user gave it, it begins with the BOS that the model wants: none was added
};

// The text of a grammar or a schema, from the file that an option names. Throws as read_prompt().
std::string read_text_file(const std::string& path, std::string_view option);

// Throws Error(data) if `text`, the content of `what`, is not UTF-8.
void check_utf8(std::string_view text, std::string_view what);

// The text as the user gave it: from an argument, a file or standard input (one line end at a file's end is not part of
// it). Throws Error(usage) when there is none, Error(no_input) for an unreadable file, Error(data) if it is not UTF-8.
std::string read_prompt(const PromptOptions& options);

// The same of a text that may be empty.
std::string read_text(const PromptOptions& options);

// The model's own chat template is applied when it has one, unless options.no_chat_template. A BOS is added where the
// model wants one and the text does not begin with it.
Prompt make_prompt(const std::string& text, const PromptOptions& options, const LlamaFile& model);

// A conversation, ready for the assistant's next turn. Throws Error(usage) for a model without a chat template.
Prompt make_prompt(const std::vector<Message>& messages, const PromptOptions& options, const LlamaFile& model);

// Without what token healing takes back.
Prompt healed(Prompt prompt, const Vocab& vocab);

}  // namespace decant
