// Tested by tests/server/serve_test.py.
#include "server/request.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/edit_distance.h"
#include "options/table.h"
#include "server/api_error.h"
#include "server/responses.h"

namespace decant {
namespace {

constexpr std::string_view kText = R"({"type":"string"})", kFlag = R"({"type":"boolean"})", kAny = R"({})";

constexpr ApiField fields[] = {
    {"model", "", kText, "which of the models that are served", true, true, true, true},
    {"prompt", "",
     R"({"oneOf":[{"type":"string"},{"type":"array","minItems":1,"maxItems":128,"items":{"type":"string"}},{"type":"array","minItems":1,"items":{"type":"integer","minimum":0}},{"type":"array","minItems":1,"maxItems":128,"items":{"type":"array","minItems":1,"items":{"type":"integer","minimum":0}}}]})",
     "a text, token ids, or a list of either", true, false, true},
    {"messages", "",
     R"({"type":"array","minItems":1,"items":{"type":"object","properties":{"role":{"enum":["system","developer","user","assistant","tool"]},"content":{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"object","properties":{"type":{"const":"text"},"text":{"type":"string"}},"required":["type","text"]}}]},"name":{"type":"string"},"tool_call_id":{"type":"string"},"tool_calls":{"type":"array","items":{"type":"object"}}},"required":["role","content"]}})",
     "the conversation, to which the model's chat template is applied", false, true, true},
    {"tools", "",
     R"({"type":"array","maxItems":128,"items":{"type":"object","properties":{"type":{"const":"function"},"function":{"type":"object","properties":{"name":{"type":"string","pattern":"^[A-Za-z0-9_.-]{1,64}$"},"description":{"type":"string"},"parameters":{"type":"object"}},"required":["name"]}},"required":["type","function"]}})",
     "functions that the answer may call", false, true, false},
    {"tool_choice", "", R"({"oneOf":[{"type":"object"},{"enum":["none","auto","required"]}]})",
     "none, auto, required, or the function to call", false, true, false, true},
    {"parallel_tool_calls", "", kFlag, "false: one call at most where one is required", false, true, false, true},
    {"input", "",
     R"({"oneOf":[{"type":"string"},{"type":"array","minItems":1,"items":{"type":"object","properties":{"type":{"enum":["message","function_call","function_call_output","reasoning"]},"role":{"enum":["system","developer","user","assistant"]},"content":{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"object","properties":{"type":{"enum":["input_text","output_text"]},"text":{"type":"string"}},"required":["type","text"]}}]}}}}]})",
     "a text, or the items of the conversation", false, false, false, true},
    {"instructions", "", kText, "the system message", false, false, false, true},
    {"tools", "",
     R"({"type":"array","maxItems":128,"items":{"type":"object","properties":{"type":{"const":"function"},"name":{"type":"string","pattern":"^[A-Za-z0-9_.-]{1,64}$"},"description":{"type":"string"},"parameters":{"type":"object"}},"required":["type","name"]}})",
     "functions that the answer may call", false, false, false, true},
    {"text", "",
     R"({"type":"object","properties":{"format":{"type":"object","properties":{"type":{"enum":["text","json_object","json_schema"]},"name":{"type":"string"},"schema":{"type":"object"}},"required":["type"]}}})",
     "format: text, json_object, or json_schema with its schema", false, false, false, true},
    {"max_output_tokens", "max_new_tokens", "", "how many tokens at most", false, false, false, true},
    {"previous_response_id", "", R"({"type":"null"})", "refused: no conversations are kept", false, false, false, true},
    {"background", "", R"({"enum":[false,null]})", "refused: answers come while one waits", false, false, false, true},
    {"include", "", R"({"type":"array","maxItems":0})", "refused: nothing more can be included", false, false, false,
     true},
    {"truncation", "", R"({"enum":["disabled",null]})", "refused: nothing is left out", false, false, false, true},
    {"from", "",
     R"({"type":"object","properties":{"id":{"type":"string"},"sequence":{"type":"integer","minimum":0},"length":{"type":"integer","minimum":0},"tokens":{"type":"array","items":{"type":"integer"}}},"required":["id"],"additionalProperties":false})",
     "a place in an earlier answer, in place of a prompt", false, false, true},
    {"stream", "", kFlag, "server-sent events as the text is written", true, true, false, true},
    {"stream_options", "", R"({"type":"object","properties":{"include_usage":{"type":"boolean"}}})",
     "include_usage: a last event with the usage", true, true, false},
    {"logprobs", "", R"({"type":"integer","minimum":0,"maximum":20})",
     "the model's own log-probability of each token, and of so many others", true, false, false},
    {"logprobs", "", kFlag, "the model's own log-probability of each token", false, true, false},
    {"top_logprobs", "", R"({"type":"integer","minimum":0,"maximum":20})", "and of so many others", false, true, false},
    {"echo", "", kFlag, "the prompt in front of the text, with its log-probabilities", true, false, false},
    {"response_format", "",
     R"({"type":"object","properties":{"type":{"enum":["text","json_object","json_schema"]},"json_schema":{"type":"object","properties":{"name":{"type":"string"},"schema":{"type":"object"}},"required":["schema"]}},"required":["type"]})",
     "text, json_object, or json_schema with its schema", true, true, true},
    {"logit_bias", "logit_bias",
     R"({"type":"object","maxProperties":1024,"propertyNames":{"pattern":"^[0-9]+$"},"additionalProperties":{"type":"number"}})",
     "token id to what is added to its logit", true, true, true, true},
    {"n", "num_return_sequences", "", "how many texts"},
    {"best_of", "", R"({"type":"integer"})", "must be n", true, false, false},
    {"max_tokens", "max_new_tokens", "", "how many tokens at most"},
    {"max_completion_tokens", "max_new_tokens", "", "how many tokens at most", false, true, false},
    {"stop", "stop_strings",
     R"({"oneOf":[{"type":"string","maxLength":64},{"type":"array","maxItems":16,"items":{"type":"string","maxLength":64}}]})",
     "texts that end it, of at most 256 bytes", true, true, true, true},
    {"reasoning_format", "", R"({"enum":["auto","none"]})",
     "auto: what is thought aloud is `reasoning_content`; none: it stays in the text", false, true, false},
    // What says nothing to a model on this machine.
    {"user", "", kAny, "ignored", true, true, true, true},
    {"metadata", "", kAny, "ignored", true, true, true, true},
    {"store", "", kAny, "ignored", true, true, true, true},
    {"service_tier", "", kAny, "ignored", true, true, true, true},
    {"safety_identifier", "", kAny, "ignored", true, true, true, true},
    {"prompt_cache_key", "", kAny, "ignored", true, true, true, true},
    {"reasoning", "", kAny, "ignored", false, false, false, true},
};

[[noreturn]] void reject(std::string_view field, std::string_view wanted) {
  throw ApiError(400, fmt::format("{} must be {}", field, wanted), std::string(field));
}

// ---- options

template <class T>
struct ElementOf {
  using Type = T;
  static constexpr bool is_list = false;
};
template <class T>
struct ElementOf<std::vector<T>> {
  using Type = T;
  static constexpr bool is_list = true;
};
template <class T>
struct ElementOf<std::optional<T>> : ElementOf<T> {};

// As a command line would have it; nothing for a value of another type.
template <class Element>
std::optional<std::string> text_of(const Json& value) {
  if constexpr (std::is_same_v<Element, bool>) {
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  } else if constexpr (std::is_same_v<Element, std::string>) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
    if (value.is_structured()) return value.dump();
  } else {
    if (value.is_number()) return value.dump();
  }
  return std::nullopt;
}

void set_option(GenerationConfig& config, const Field<GenerationConfig>& row, std::string_view name,
                const Json& value) {
  if (value.is_null()) return;
  const auto read = [&]<class T>(const T*) {
    using Element = typename ElementOf<T>::Type;
    std::vector<Json> elements = {value};
    const bool splits = value.is_array() && (ElementOf<T>::is_list || row.name == "dola_layers");
    if (splits) elements = value.get<std::vector<Json>>();
    std::vector<std::string> texts;
    for (const Json& each : elements) {
      const auto text = row.name == "dola_layers" && each.is_number() ? each.dump() : text_of<Element>(each);
      if (!text) reject(name, requirement(default_of(row), row));
      texts.push_back(*text);
    }
    if (!ElementOf<T>::is_list && texts.size() > 1) {  // a text that is a list
      texts = {fmt::format("{}", fmt::join(texts, ","))};
    }
    config.given.reset(row.name);
    for (const std::string& each : texts) set(config, row, each);
  };
  try {
    std::visit(read, value_of(config, row));
  } catch (const Error& error) {
    throw ApiError(400, error.what(), std::string(name));
  }
}

// ---- OpenAI's own

bool read_flag(const Json& value, std::string_view name) {
  if (value.is_null()) return false;
  if (!value.is_boolean()) reject(name, "true or false");
  return value.get<bool>();
}

int read_count(const Json& value, std::string_view name, int most) {
  const bool fits = value.is_number_integer() && value >= 0 && value <= most;
  if (!fits) reject(name, fmt::format("a whole number from 0 to {}", most));
  return value.get<int>();
}

std::vector<Token> read_ids(const Json& list, std::string_view field = "prompt") {
  std::vector<Token> ids;
  for (const Json& each : list) {
    const bool fits = each.is_number_integer() && each >= 0 && each <= 0x7fffffff;
    if (!fits) reject(field, field == "prompt" ? "a text, token ids, or a list of either" : "of token ids");
    ids.push_back(each.get<Token>());
  }
  return ids;
}

std::vector<PromptInput> read_prompts(const Json& value) {
  std::vector<PromptInput> prompts;
  const auto is_id = [](const Json& each) { return each.is_number(); };
  if (value.is_string()) {
    prompts.emplace_back(value.get<std::string>());
  } else if (value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_id)) {
    prompts.emplace_back(read_ids(value));
  } else if (value.is_array()) {
    for (const Json& each : value) {
      if (each.is_string()) {
        prompts.emplace_back(each.get<std::string>());
      } else if (each.is_array()) {
        prompts.emplace_back(read_ids(each));
      } else {
        reject("prompt", "a text, token ids, or a list of either");
      }
    }
  }
  if (prompts.empty()) reject("prompt", "a text, token ids, or a list of either");
  if (prompts.size() > kMostPrompts) reject("prompt", fmt::format("at most {} of them", kMostPrompts));
  return prompts;
}

// Calls of an earlier turn; their arguments, which are JSON in a text, as templates take them: an object.
Json read_calls(const Json& calls, std::string_view field) {
  constexpr std::string_view wanted =
      "of messages whose tool_calls are a list of {id, type, function: {name, arguments}}";
  if (!calls.is_array()) reject(field, wanted);
  Json read = Json::array();
  for (const Json& each : calls) {
    const Json function = each.is_object() ? each.value("function", Json()) : Json();
    if (!function.is_object() || !function.value("name", Json()).is_string()) reject(field, wanted);
    Json arguments = function.value("arguments", Json::object());
    if (arguments.is_string()) {
      Json object = Json::parse(arguments.get<std::string>(), nullptr, false);
      if (object.is_object()) arguments = std::move(object);
    }
    Json call = {{"type", "function"}, {"function", {{"name", function["name"]}, {"arguments", arguments}}}};
    if (each.contains("id") && each["id"].is_string()) call["id"] = each["id"];
    read.push_back(std::move(call));
  }
  return read;
}

// The text of a message: a string, or parts of type "text".
std::string read_content(const Json& content, std::string_view field) {
  constexpr std::string_view wanted = "a text, or a list of parts of type text";
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) reject(field, fmt::format("of messages whose content is {}", wanted));
  std::string text;
  for (const Json& part : content) {
    const bool is_text =
        part.is_object() && part.value("type", Json()) == "text" && part.contains("text") && part["text"].is_string();
    if (!is_text) reject(field, fmt::format("of messages whose content is {}", wanted));
    text += part["text"].get<std::string>();
  }
  return text;
}

GoOn read_from(const Json& value) {
  constexpr std::string_view wanted = "an object of id, sequence, length and tokens";
  if (!value.is_object()) reject("from", wanted);
  GoOn from;
  const auto count = [](const Json& number) {
    return static_cast<std::size_t>(read_count(number, "from", std::numeric_limits<int>::max()));
  };
  for (const auto& [name, each] : value.items()) {
    if (name == "id" && each.is_string()) {
      from.id = each.get<std::string>();
    } else if (name == "sequence") {
      from.sequence = count(each);
    } else if (name == "length") {
      if (!each.is_null()) from.length = count(each);
    } else if (name == "tokens" && each.is_array()) {
      from.tokens = read_ids(each, "from");
    } else {
      reject("from", wanted);
    }
  }
  if (from.id.empty()) reject("from", "of an id");
  return from;
}

void read_format(const Json& value, GenerationConfig& config, std::string_view name) {
  if (value.is_null()) return;
  if (!value.is_object() || !value.contains("type") || !value["type"].is_string())
    reject(name, "an object with a type: text, json_object or json_schema");
  const auto type = value["type"].get<std::string>();
  const auto follow = [&](const std::string& schema) {
    set_option(config, get(generation_fields(), "json_schema"), name, schema);
  };
  if (type == "json_object") {
    follow(R"({"type":"object"})");
  } else if (type == "json_schema") {
    const Json inner = value.value("json_schema", Json());
    const Json schema = inner.is_object() ? inner.value("schema", Json()) : Json();
    if (!schema.is_object() && !schema.is_boolean()) reject(name, "one whose json_schema has a schema");
    follow(schema.dump());
  } else if (type != "text") {
    reject(name, "of type text, json_object or json_schema");
  }
}

void read_biases(const Json& value, GenerationConfig& config) {
  if (value.is_null()) return;
  const auto& row = get(generation_fields(), "logit_bias");
  if (value.is_array()) return set_option(config, row, row.name, value);
  if (!value.is_object()) reject(row.name, "an object of token ids and numbers");
  if (value.size() > kMostBiases) reject(row.name, fmt::format("of at most {} tokens", kMostBiases));
  for (const auto& [id, bias] : value.items()) {
    if (!bias.is_number()) reject(row.name, "an object of token ids and numbers");
    try {
      set(config, row, fmt::format("{}={}", id, bias.dump()));
    } catch (const Error& error) {
      throw ApiError(400, error.what(), std::string(row.name));
    }
  }
}

void check_bounds(const TextRequest& request) {
  const GenerationConfig& config = request.config;
  if (config.num_return_sequences > kMostTexts) reject("n", fmt::format("at most {} here", kMostTexts));
  if (config.num_beams > kMostBeams) reject("num_beams", fmt::format("at most {} here", kMostBeams));
  if (config.stop_strings.size() > kMostStops) reject("stop", fmt::format("of at most {} texts", kMostStops));
  for (const std::string& each : config.stop_strings) {
    if (each.size() > kLongestStop) reject("stop", fmt::format("of texts of at most {} bytes", kLongestStop));
  }
}

// Sets what the field says; false if it is none of OpenAI's that need reading.
bool read_own(TextRequest& request, std::string_view name, const Json& value) {
  if (name == "model") {
    if (!value.is_null() && !value.is_string()) reject(name, "a text");
    if (value.is_string()) request.model = value.get<std::string>();
  } else if (name == "prompt") {
    request.prompts = read_prompts(value);
  } else if (name == "messages") {
    request.messages = read_messages(value);
  } else if (name == "from") {
    if (!value.is_null()) request.from = read_from(value);
  } else if (name == "tools") {
    read_tools(request.endpoint == Endpoint::responses ? nested_tools(value) : value, request.tools);
  } else if (name == "tool_choice") {
    read_tool_choice(request.endpoint == Endpoint::responses ? nested_tool_choice(value) : value, request.tools);
  } else if (name == "input") {
    request.messages = read_messages(messages_of_input(value), name);
  } else if (name == "instructions") {
    if (!value.is_null() && !value.is_string()) reject(name, "a text");
  } else if (name == "text") {
    read_format(response_format_of(value), request.config, name);
  } else if (name == "previous_response_id") {
    if (!value.is_null()) reject(name, "left out: no conversations are kept here, send all of it as input");
  } else if (name == "background" || name == "include" || name == "truncation") {
    const bool asks_nothing = value.is_null() || value == false || value == "disabled" || value == Json::array();
    if (!asks_nothing) reject(name, "left out: there is nothing of that here");
  } else if (name == "parallel_tool_calls") {
    request.tools.several = value.is_null() || read_flag(value, name);
  } else if (name == "stream") {
    request.stream = read_flag(value, name);
  } else if (name == "stream_options") {
    if (value.is_null()) return true;
    if (!value.is_object()) reject(name, "an object");
    request.include_usage = read_flag(value.value("include_usage", Json()), name);
  } else if (name == "logprobs" && request.endpoint == Endpoint::chat) {
    if (read_flag(value, name)) request.logprobs = std::max(request.logprobs, 0);
  } else if (name == "logprobs") {
    // Some clients say true and false here too.
    if (value.is_boolean()) {
      if (value.get<bool>()) request.logprobs = 1;
    } else if (!value.is_null()) {
      request.logprobs = read_count(value, name, kMostLogprobs);
    }
  } else if (name == "top_logprobs") {
    if (!value.is_null()) request.logprobs = read_count(value, name, kMostLogprobs);
  } else if (name == "echo") {
    request.echo = read_flag(value, name);
  } else if (name == "response_format") {
    read_format(value, request.config, name);
  } else if (name == "reasoning_format") {
    if (value != "auto" && value != "none" && !value.is_null()) reject(name, "auto or none");
    request.divides_thoughts = value != "none";
  } else if (name == "logit_bias") {
    read_biases(value, request.config);
  } else {
    return false;
  }
  return true;
}

[[noreturn]] void reject_unknown(const std::string& name, Endpoint endpoint) {
  std::vector<std::string_view> names;
  for (const ApiField& each : fields) {
    if (stands_in(each, endpoint)) names.push_back(each.name);
  }
  for (const auto& row : generation_fields()) names.push_back(row.name);
  const std::string_view near = closest(name, names);
  throw ApiError(400,
                 fmt::format("unknown field {}{}", name, near.empty() ? "" : fmt::format(": did you mean {}?", near)),
                 name, "unknown_parameter");
}

void read_field(TextRequest& request, const std::string& name, const Json& value) {
  const auto is_it = [&](const ApiField& each) { return each.name == name && stands_in(each, request.endpoint); };
  const auto known = std::find_if(std::begin(fields), std::end(fields), is_it);
  if (known != std::end(fields)) {
    if (read_own(request, name, value)) return;
    if (!known->option.empty()) {
      set_option(request.config, get(generation_fields(), known->option), name, value);
    } else if (name == "best_of" && !value.is_null()) {
      read_count(value, name, kMostTexts);
    }
    return;
  }
  const auto* row = find(generation_fields(), name);
  if (!row || name.starts_with('-')) reject_unknown(name, request.endpoint);
  set_option(request.config, *row, name, value);
}

}  // namespace

std::span<const ApiField> api_fields() { return fields; }

bool stands_in(const ApiField& field, Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::completions:
      return field.completions;
    case Endpoint::chat:
      return field.chat;
    case Endpoint::responses:
      return field.responses;
    default:
      return field.decode;
  }
}

std::vector<Message> read_messages(const Json& list, std::string_view field) {
  if (!list.is_array() || list.empty()) reject(field, "a list of messages");
  std::vector<Message> messages;
  for (const Json& each : list) {
    const bool has_role = each.is_object() && each.contains("role") && each["role"].is_string();
    const Json calls = has_role ? each.value("tool_calls", Json()) : Json();
    const Json content = has_role ? each.value("content", Json()) : Json();
    if (!has_role || (content.is_null() && calls.is_null())) reject(field, "of messages with a role and a content");
    const auto role = each["role"].get<std::string>();
    messages.push_back({role == "developer" ? "system" : role, content.is_null() ? "" : read_content(content, field)});
    Json more = Json::object();
    for (const char* name : {"name", "tool_call_id", "reasoning_content"}) {
      if (each.contains(name) && each[name].is_string()) more[name] = each[name];
    }
    if (!calls.is_null()) more["tool_calls"] = read_calls(calls, field);
    if (!more.empty()) messages.back().more = more.dump();
  }
  return messages;
}

TextRequest read_request(const Json& body, Endpoint endpoint) {
  TextRequest request;
  request.endpoint = endpoint;
  for (const auto& [name, value] : body.items()) read_field(request, name, value);
  // OpenAI's texts end before the stop string; an option is said only where it does something.
  GenerationConfig& config = request.config;
  if (endpoint != Endpoint::decode && !config.stop_strings.empty() &&
      !is_given(config, get(generation_fields(), "include_stop_str_in_output")))
    config.include_stop_str_in_output = false;
  check_tool_choice(request.tools);
  if (endpoint == Endpoint::responses) {
    if (request.messages.empty()) reject("input", "given: a text, or a list of items");
    if (config.num_return_sequences != 1) reject("num_return_sequences", "1 here");
    const Json instructions = body.value("instructions", Json());
    if (instructions.is_string())
      request.messages.insert(request.messages.begin(), {"system", instructions.get<std::string>()});
    request.body = body;
  }
  const bool asks_chat = body.contains("messages"), asks_text = body.contains("prompt");
  if (endpoint == Endpoint::chat && !asks_chat) reject("messages", "given: the conversation");
  if (endpoint == Endpoint::completions && !asks_text) reject("prompt", "given: the text to continue");
  if (endpoint == Endpoint::decode && int{asks_chat} + int{asks_text} + int{request.from.has_value()} != 1)
    reject("prompt", "given, or messages instead, or from");
  if (endpoint == Endpoint::decode && request.prompts.size() > 1) reject("prompt", "a single one here");
  const Json no = Json();
  if (endpoint == Endpoint::chat && body.contains("top_logprobs") && !body["top_logprobs"].is_null() &&
      body.value("logprobs", no) != true) {
    throw ApiError(400, "top_logprobs needs logprobs: true", "top_logprobs");
  }
  if (body.contains("best_of") && !body["best_of"].is_null() && body["best_of"] != config.num_return_sequences)
    reject("best_of", "n: ask for num_beams or for more texts instead");
  check_bounds(request);
  return request;
}

}  // namespace decant
