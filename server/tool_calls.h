// Tools of a conversation, as a request says them, and what their schemas say of arguments.
#pragma once

#include <string>

#include "server/json_body.h"

namespace decant {

inline constexpr std::size_t kMostTools = 128;

struct ToolWishes {
  Json tools = Json();     // OpenAI's list; null: none
  bool required = false;   // the answer has to call one
  std::string only = {};   // this one; "": any
  bool several = true;     // calls in one answer
  bool forbidden = false;  // tool_choice none: the model is not told of them
  bool any() const { return !forbidden && !tools.is_null(); }
};

void read_tools(const Json& list, ToolWishes& wishes);          // throws ApiError(400)
void read_tool_choice(const Json& choice, ToolWishes& wishes);  // the same
void check_tool_choice(const ToolWishes& wishes);               // once all fields are read

// The schema of a function's parameters: one of objects, where nothing is said of none.
Json parameters_of(const Json& tool);

// The schema that a reference in one leads to, as far as it is a place in `root`.
const Json& resolved(const Json& schema, const Json& root);

// The JSON types of the values that a schema may allow, as far as types, constants and references in it say.
namespace json_type {
inline constexpr unsigned text = 1, integer = 2, fraction = 4, boolean = 8, null = 16, array = 32, object = 64,
                          any = 127;
}
unsigned types_of(const Json& schema, const Json& root);
unsigned type_of_value(const Json& value);

}  // namespace decant
