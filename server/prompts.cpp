// Tested by tests/server/serve_test.py.
#include "server/prompts.h"

#include "base/error.h"
#include "processors/token_healing.h"
#include "server/api_error.h"

namespace decant {
namespace {

ReadPrompt read_ids(const std::vector<Token>& ids, const LlamaVocab& vocab) {
  ReadPrompt prompt{.text = {}, .tokens = ids};
  for (const Token id : ids) {
    if (id >= vocab.size())
      throw ApiError(400, fmt::format("prompt token {} is none of the vocabulary's {}", id, vocab.size()), "prompt");
    prompt.text += vocab.bytes(id);
  }
  return prompt;
}

}  // namespace

ReadPrompt read_prompt_text(const std::string& text, const LlamaFile& file) {
  const LlamaVocab& vocab = file.vocab();
  const bool own_bos = !vocab.bos_text().empty() && text.starts_with(vocab.bos_text());
  return {.text = text, .tokens = vocab.tokenize(text, true, !own_bos)};
}

std::string render_messages(const std::vector<Message>& messages, const LlamaFile& file) {
  if (!file.chat_template())
    throw Error(ErrorKind::data, "the file of {} has no chat template: use completions", file.name());
  return file.chat_template()->render(messages);
}

std::vector<ReadPrompt> read_prompts(const TextRequest& request, const LlamaFile& file) {
  std::vector<ReadPrompt> prompts;
  if (!request.messages.empty()) {
    prompts.push_back(read_prompt_text(render_messages(request.messages, file), file));
  }
  for (const PromptInput& each : request.prompts) {
    const auto* text = std::get_if<std::string>(&each);
    prompts.push_back(text ? read_prompt_text(*text, file)
                           : read_ids(std::get<std::vector<Token>>(each), file.vocab()));
  }
  for (ReadPrompt& each : prompts) {
    if (!request.config.token_healing) break;
    each.healed = heal(each.tokens, file.vocab());
    if (each.text.ends_with(each.healed)) each.text.resize(each.text.size() - each.healed.size());
  }
  return prompts;
}

void complete(GenerationConfig& config, bool chat, const LlamaFile& file) {
  if (chat && !config.eos_token_id) config.eos_token_id = file.vocab().end_of_turn();
}

}  // namespace decant
