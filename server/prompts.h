// What a model reads of a request: its texts, ids or messages as tokens.
#pragma once

#include <string>
#include <vector>

#include "llama/llama_file.h"
#include "server/request.h"
#include "server/tool_notation.h"

namespace decant {

struct ReadPrompt {
  std::string text;  // as far as it is known; of ids, their bytes
  std::vector<Token> tokens;
  std::string healed = {};  // what token healing took from the end of both
};

// One for each prompt, or one for the messages. Throws Error.
std::vector<ReadPrompt> read_prompts(const TextRequest& request, const LlamaFile& file);

ReadPrompt read_prompt_text(const std::string& text, const LlamaFile& file);

// The conversation in the model's chat template. Throws Error(data) where it has none.
std::string render_messages(const std::vector<Message>& messages, const LlamaFile& file, const ToolWishes& tools = {});

// Has the answer call a tool where it must. Returns how the answer is to be read; null: as it is. Throws ApiError(400)
// where the model's template knows no tools.
const ToolNotation* prepare_tools(TextRequest& request, const LlamaFile& file);

// What the options leave to the prompt and to the file: the tokens that end a turn of a chat; that a head for further
// tokens drafts, where speculation is to find its drafters.
void complete(GenerationConfig& config, bool chat, const LlamaFile& file);

}  // namespace decant
