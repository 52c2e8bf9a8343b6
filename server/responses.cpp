// Tested by tests/server/openai_test.py.
#include "server/responses.h"

#include <fmt/format.h>

#include <utility>

#include "server/random_name.h"

namespace decant {
namespace {

[[noreturn]] void reject(std::string_view field, std::string_view wanted) {
  throw ApiError(400, fmt::format("{} must be {}", field, wanted), std::string(field));
}

Json member(const Json& object, const char* name) { return object.is_object() ? object.value(name, Json()) : Json(); }

// Parts of type input_text or output_text are what a chat calls parts of type text.
Json content_of(const Json& content) {
  if (!content.is_array()) return content;
  Json parts = Json::array();
  for (const Json& each : content) {
    const Json type = member(each, "type");
    const bool is_text = type == "input_text" || type == "output_text" || type == "text";
    if (!is_text || !member(each, "text").is_string())
      reject("input", "of items whose content is a text, or a list of parts of type input_text or output_text");
    parts.push_back({{"type", "text"}, {"text", each["text"]}});
  }
  return parts;
}

}  // namespace

Json messages_of_input(const Json& input) {
  constexpr std::string_view wanted = "a text, or a list of items: messages, function_call, function_call_output";
  if (input.is_string()) return Json::array({{{"role", "user"}, {"content", input}}});
  if (!input.is_array() || input.empty()) reject("input", wanted);
  Json messages = Json::array();
  for (const Json& item : input) {
    const Json type = member(item, "type");
    if (type == "reasoning") continue;  // of an earlier answer: templates say what of it models read
    if (type == "function_call") {
      const Json name = member(item, "name"), arguments = member(item, "arguments");
      if (!name.is_string() || !arguments.is_string()) reject("input", "of function_calls with a name and arguments");
      const bool goes_on = !messages.empty() && messages.back().contains("tool_calls");
      if (!goes_on) messages.push_back({{"role", "assistant"}, {"content", Json()}, {"tool_calls", Json::array()}});
      messages.back()["tool_calls"].push_back({{"id", member(item, "call_id")},
                                               {"type", "function"},
                                               {"function", {{"name", name}, {"arguments", arguments}}}});
    } else if (type == "function_call_output") {
      messages.push_back({{"role", "tool"},
                          {"tool_call_id", member(item, "call_id")},
                          {"content", content_of(member(item, "output"))}});
    } else if (item.is_object() && (type.is_null() || type == "message")) {
      messages.push_back({{"role", member(item, "role")}, {"content", content_of(member(item, "content"))}});
    } else {
      reject("input", wanted);
    }
  }
  if (messages.empty()) reject("input", wanted);
  return messages;
}

Json nested_tools(const Json& tools) {
  if (!tools.is_array()) return tools;
  Json nested = Json::array();
  for (const Json& each : tools) {
    if (!each.is_object() || each.contains("function") || member(each, "type") != "function") {
      nested.push_back(each);
      continue;
    }
    Json function = each;
    function.erase("type");
    function.erase("strict");
    nested.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  return nested;
}

Json nested_tool_choice(const Json& choice) {
  if (!choice.is_object() || !choice.contains("name")) return choice;
  return {{"type", "function"}, {"function", {{"name", choice["name"]}}}};
}

Json response_format_of(const Json& text) {
  if (text.is_null()) return text;
  if (!text.is_object()) reject("text", "an object with a format");
  const Json format = text.value("format", Json());
  if (member(format, "type") != "json_schema") return format;
  return {{"type", "json_schema"}, {"json_schema", {{"schema", member(format, "schema")}}}};
}

// ---- answers

ResponsesAnswer::ResponsesAnswer(const Json& request, std::string model, std::time_t created) {
  const auto asked = [&](const char* name, const Json& by_default) {
    const Json value = request.value(name, Json());
    return value.is_null() ? by_default : value;
  };
  answer_ = {{"id", random_name("resp_")},
             {"object", "response"},
             {"created_at", static_cast<std::int64_t>(created)},
             {"status", "in_progress"},
             {"error", Json()},
             {"incomplete_details", Json()},
             {"instructions", asked("instructions", Json())},
             {"max_output_tokens", asked("max_output_tokens", Json())},
             {"model", std::move(model)},
             {"output", Json::array()},
             {"parallel_tool_calls", asked("parallel_tool_calls", true)},
             {"previous_response_id", Json()},
             {"store", false},
             {"temperature", asked("temperature", Json())},
             {"text", asked("text", {{"format", {{"type", "text"}}}})},
             {"tool_choice", asked("tool_choice", "auto")},
             {"tools", asked("tools", Json::array())},
             {"top_p", asked("top_p", Json())},
             {"truncation", "disabled"},
             {"usage", Json()},
             {"metadata", asked("metadata", Json::object())}};
}

void ResponsesAnswer::tell(std::string_view type, const Json& fields) {
  Json event = {{"type", type}, {"sequence_number", n_events_++}};
  event.update(fields);
  events_ += fmt::format("event: {}\ndata: {}\n\n", type, event.dump());
}

// `type`: message or reasoning. Each has one part, a text.
void ResponsesAnswer::open(std::string_view type) {
  if (!item_.is_null() && item_["type"] == type) return;
  close();
  const bool is_message = type == "message";
  item_ = {{"type", type}, {"id", random_name(is_message ? "msg_" : "rs_")}, {"status", "in_progress"}};
  if (is_message) item_["role"] = "assistant";
  if (!is_message) item_["summary"] = Json::array();
  item_["content"] = Json::array();
  tell("response.output_item.added", {{"output_index", answer_["output"].size()}, {"item", item_}});
  Json part = {{"type", is_message ? "output_text" : "reasoning_text"}, {"text", ""}};
  if (is_message) part["annotations"] = Json::array();
  tell("response.content_part.added",
       {{"item_id", item_["id"]}, {"output_index", answer_["output"].size()}, {"content_index", 0}, {"part", part}});
  item_["content"].push_back(std::move(part));
}

void ResponsesAnswer::grow(std::string_view type, std::string_view text) {
  if (text.empty()) return;
  open(type);
  text_ += text;
  Json fields = {
      {"item_id", item_["id"]}, {"output_index", answer_["output"].size()}, {"content_index", 0}, {"delta", text}};
  if (type == "message") fields["logprobs"] = Json::array();
  tell(type == "message" ? "response.output_text.delta" : "response.reasoning_text.delta", fields);
}

void ResponsesAnswer::close(bool is_complete) {
  if (item_.is_null()) return;
  const bool is_message = item_["type"] == "message";
  const Json place = {{"item_id", item_["id"]}, {"output_index", answer_["output"].size()}, {"content_index", 0}};
  item_["content"][0]["text"] = std::exchange(text_, {});
  item_["status"] = is_complete ? "completed" : "incomplete";
  Json done = place, part = place;
  done["text"] = item_["content"][0]["text"];
  if (is_message) done["logprobs"] = Json::array();
  tell(is_message ? "response.output_text.done" : "response.reasoning_text.done", done);
  part["part"] = item_["content"][0];
  tell("response.content_part.done", part);
  tell("response.output_item.done", {{"output_index", answer_["output"].size()}, {"item", item_}});
  answer_["output"].push_back(std::exchange(item_, Json()));
}

void ResponsesAnswer::call(const ToolCall& call) {
  close();
  Json item = {{"type", "function_call"}, {"id", random_name("fc_")}, {"call_id", call.id},
               {"name", call.name},       {"arguments", ""},          {"status", "in_progress"}};
  const Json index = answer_["output"].size();
  const Json place = {{"item_id", item["id"]}, {"output_index", index}};
  tell("response.output_item.added", {{"output_index", index}, {"item", item}});
  Json delta = place, done = place;
  delta["delta"] = call.arguments;
  tell("response.function_call_arguments.delta", delta);
  done["name"] = call.name;
  done["arguments"] = call.arguments;
  tell("response.function_call_arguments.done", done);
  item["arguments"] = call.arguments;
  item["status"] = "completed";
  tell("response.output_item.done", {{"output_index", index}, {"item", item}});
  answer_["output"].push_back(std::move(item));
}

void ResponsesAnswer::add(const CallReader::Found& found) {
  grow("reasoning", found.reasoning);
  grow("message", found.text);
  for (const ToolCall& each : found.calls) call(each);
}

void ResponsesAnswer::finish(const ResponsesUsage& usage, std::string_view finish_detail, bool is_complete) {
  if (item_.is_null() && answer_["output"].empty()) open("message");  // an answer that says nothing
  close(is_complete);
  answer_["status"] = is_complete ? "completed" : "incomplete";
  if (!is_complete) answer_["incomplete_details"] = {{"reason", "max_output_tokens"}};
  answer_["usage"] = {{"input_tokens", usage.input_tokens},
                      {"input_tokens_details", {{"cached_tokens", 0}}},
                      {"output_tokens", usage.output_tokens},
                      {"output_tokens_details", {{"reasoning_tokens", 0}}},
                      {"total_tokens", usage.input_tokens + usage.output_tokens}};
  answer_["finish_detail"] = finish_detail;
  answer_["seed"] = usage.seed;
}

void ResponsesAnswer::begin() {
  if (n_events_ > 0) return;
  tell("response.created", {{"response", answer_}});
  tell("response.in_progress", {{"response", answer_}});
}

std::string ResponsesAnswer::more(const CallReader::Found& found) {
  begin();
  add(found);
  return std::exchange(events_, {});
}

std::string ResponsesAnswer::end(const ResponsesUsage& usage, std::string_view finish_detail, bool is_complete) {
  begin();
  finish(usage, finish_detail, is_complete);
  tell(is_complete ? "response.completed" : "response.incomplete", {{"response", answer_}});
  return std::exchange(events_, {});
}

std::string ResponsesAnswer::fail(const ApiError& error) {
  begin();
  tell("error", {{"code", error.code.empty() ? Json() : Json(error.code)},
                 {"message", error.what()},
                 {"param", error.param.empty() ? Json() : Json(error.param)}});
  return std::exchange(events_, {});
}

std::string ResponsesAnswer::whole(const CallReader::Found& found, const ResponsesUsage& usage,
                                   std::string_view finish_detail, bool is_complete) {
  add(found);
  finish(usage, finish_detail, is_complete);
  return answer_.dump();
}

}  // namespace decant
