// From the JSON of a request to options and prompts.
//
// Every option of the table is a field. OpenAI's own names for some of them, and its fields that are no options, stand
// in one small table (request.cpp); what is neither is an error with what may have been meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/token.h"
#include "llama/chat_template.h"
#include "options/generation_config.h"
#include "server/json_body.h"
#include "server/tool_calls.h"
#include "tree/prefix_tree.h"

namespace decant {

enum class Endpoint { completions, chat, responses, decode };

inline bool is_conversation(Endpoint endpoint) { return endpoint == Endpoint::chat || endpoint == Endpoint::responses; }

// Bounds of a single request, beside those of its options.
inline constexpr int kMostTexts = 16;
inline constexpr int kMostBeams = 64;
inline constexpr std::size_t kMostPrompts = 128;
inline constexpr std::size_t kMostStops = 16, kLongestStop = 256;  // strings, bytes
inline constexpr std::size_t kMostBiases = 1024;
inline constexpr int kMostLogprobs = 20;

using PromptInput = std::variant<std::string, std::vector<Token>>;

// A place in an earlier answer.
struct GoOn {
  std::string id;
  std::size_t sequence = 0;
  std::optional<std::size_t> length = {};  // of its new tokens; nothing: all
  std::vector<Token> tokens = {};          // forced behind them
};

struct TextRequest {
  Endpoint endpoint = Endpoint::completions;
  std::string model;
  GenerationConfig config;
  std::vector<PromptInput> prompts;  // of a completion
  std::vector<Message> messages;     // of a conversation
  ToolWishes tools;                  // of it
  std::optional<GoOn> from;          // in place of both
  Realm realm = 0;                   // of the key that asks
  std::string reader;                // what the model's engine calls the one that is to read it
  bool stream = false, include_usage = false;
  bool echo = false;
  bool divides_thoughts = true;  // what is thought aloud is told apart
  Json body = {};                // of a response, which says what was asked
  int logprobs = -1;             // alternatives of each token; -1: none, nor its own
};

// Throws ApiError(400) and Error(usage).
TextRequest read_request(const Json& body, Endpoint endpoint);

std::vector<Message> read_messages(const Json& list, std::string_view field = "messages");

// A field as clients send it that is no row of the option table, or is one by another name.
struct ApiField {
  std::string_view name;
  std::string_view option;  // the option that it is; "": none
  std::string_view schema;  // JSON Schema of its value; "": the option's
  std::string_view doc;
  bool completions = true, chat = true, decode = true, responses = false;  // where it stands
};
std::span<const ApiField> api_fields();

bool stands_in(const ApiField& field, Endpoint endpoint);

}  // namespace decant
