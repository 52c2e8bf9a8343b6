// Tested by tests/server/serve_test.py.
#include "server/prompts.h"

#include "base/error.h"
#include "drafters/drafter.h"
#include "llama/next_head.h"
#include "options/table.h"
#include "processors/token_healing.h"
#include "server/api_error.h"
#include "server/tool_grammar.h"

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

// Templates take the arguments of calls as objects, which they make JSON of, or as texts. Nothing: there are none, or
// `rendered`, for which they were objects, does not show one as templates show an object that they take for a text.
std::optional<std::vector<Message>> with_text_arguments(std::vector<Message> messages, std::string_view rendered) {
  bool any = false;
  for (Message& each : messages) {
    if (each.more.empty()) continue;
    Json more = Json::parse(each.more);
    if (!more.contains("tool_calls")) continue;
    for (Json& call : more["tool_calls"]) {
      Json& arguments = call["function"]["arguments"];
      if (arguments.is_string()) continue;
      const bool is_shown =
          !arguments.empty() && rendered.find(fmt::format("{{'{}': ", arguments.begin().key())) != rendered.npos;
      any = any || is_shown || rendered.empty();
      arguments = arguments.dump();
    }
    each.more = more.dump();
  }
  return any ? std::optional(std::move(messages)) : std::nullopt;
}

}  // namespace

ReadPrompt read_prompt_text(const std::string& text, const LlamaFile& file) {
  const LlamaVocab& vocab = file.vocab();
  const bool own_bos = !vocab.bos_text().empty() && text.starts_with(vocab.bos_text());
  return {.text = text, .tokens = vocab.tokenize(text, true, !own_bos)};
}

std::string render_messages(const std::vector<Message>& conversation, const LlamaFile& file, const ToolWishes& tools) {
  const ChatTemplate* chat = file.chat_template();
  if (!chat) throw Error(ErrorKind::data, "the file of {} has no chat template: use completions", file.name());
  std::vector<Message> messages = conversation;
  const ToolNotation* notation = notation_of(chat->source());
  if (tools.any() && !chat->has_tools() && notation && notation->told) {
    if (messages.empty() || messages[0].role != "system") messages.insert(messages.begin(), {"system", ""});
    messages[0].content += notation->told(tools.tools);
  }
  const std::string list = tools.any() ? tools.tools.dump() : "";
  std::string text;
  try {
    text = chat->render(messages, list);
  } catch (const Error&) {
    if (!with_text_arguments(messages, "")) throw;
  }
  const auto texts = with_text_arguments(messages, text);
  return texts ? chat->render(*texts, list) : text;
}

const ToolNotation* prepare_tools(TextRequest& request, const LlamaFile& file) {
  const ToolWishes& wishes = request.tools;
  const ChatTemplate* chat = file.chat_template();
  const ToolNotation* notation = chat && is_conversation(request.endpoint) ? notation_of(chat->source()) : nullptr;
  if (!wishes.any()) return notation && notation->channels ? notation : nullptr;
  const bool is_told = chat && (chat->has_tools() || (notation && notation->told));
  if (!notation || !is_told) {
    throw ApiError(400,
                   fmt::format("the chat template of {} {}", file.name(),
                               is_told ? "has tools called in a way that is not known here" : "knows no tools"),
                   "tools");
  }
  if (!wishes.required) return notation;
  GenerationConfig& config = request.config;
  if (!config.grammar.empty() || !config.json_schema.empty())
    throw ApiError(400, "tool_choice cannot require a call beside response_format or a grammar", "tool_choice");
  set(config, get(generation_fields(), "grammar"), grammar_of(wishes, *notation, file.vocab()));
  return notation;
}

std::vector<ReadPrompt> read_prompts(const TextRequest& request, const LlamaFile& file) {
  std::vector<ReadPrompt> prompts;
  if (!request.messages.empty()) {
    prompts.push_back(read_prompt_text(render_messages(request.messages, file, request.tools), file));
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
  if (chooses_drafters(config) && no_next_head(file).empty()) set(config, get(generation_fields(), "mtp"), "true");
}

}  // namespace decant
