// OpenAI's Responses API: a conversation is a list of items, an answer is items as well, and a stream says of each when
// it begins, grows and ends. Here are its notations alone; a request is otherwise one for a chat.
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "server/api_error.h"
#include "server/call_reader.h"
#include "server/json_body.h"

namespace decant {

// The fields of a request as /v1/chat/completions has them. Throws ApiError(400).
Json messages_of_input(const Json& input);  // a text, or a list of items
Json nested_tools(const Json& tools);
Json nested_tool_choice(const Json& choice);
Json response_format_of(const Json& text);

struct ResponsesUsage {
  int input_tokens = 0, output_tokens = 0;
  std::uint64_t seed = 0;
};

// An answer as it is told.
class ResponsesAnswer {
 public:
  // `request`: its body.
  ResponsesAnswer(const Json& request, std::string model, std::time_t created);

  // Events, ready to be sent; before the first of them those with which every answer begins.
  std::string more(const CallReader::Found& found);
  std::string end(const ResponsesUsage& usage, std::string_view finish_detail, bool is_complete);
  std::string fail(const ApiError& error);

  // The answer at once, as JSON. `found` is all of it.
  std::string whole(const CallReader::Found& found, const ResponsesUsage& usage, std::string_view finish_detail,
                    bool is_complete);

 private:
  void begin();
  void tell(std::string_view type, const Json& fields);
  void open(std::string_view type);
  void close(bool is_complete = true);
  void grow(std::string_view type, std::string_view text);
  void call(const ToolCall& call);
  void add(const CallReader::Found& found);
  void finish(const ResponsesUsage& usage, std::string_view finish_detail, bool is_complete);

  Json answer_;
  Json item_;         // that grows; null: none
  std::string text_;  // of it
  std::string events_;
  int n_events_ = 0;
};

}  // namespace decant
