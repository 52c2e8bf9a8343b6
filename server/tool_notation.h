// How models write that they call a tool: one row a notation, from which the grammar of a call that is forced
// (tool_grammar.h) and the reading of calls (call_reader.h) follow.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "server/json_body.h"

namespace decant {

// What stands between a call's first and last mark.
enum class CallForm {
  object,  // {"name": NAME, "arguments": ARGUMENTS}
  named,   // NAME and, behind a mark, ARGUMENTS, which are JSON
  tagged,  // NAME and its arguments one by one between marks; texts as they are, without quotes
  python   // NAME(key=value, ...)
};

// Blanks in a mark are those that models write; in reading, any blanks or none are as good. Marks may be control tokens
// of the vocabulary, or plain text.
struct ToolNotation {
  std::string_view name;
  std::array<std::string_view, 2> words;        // a template that has them all...
  std::array<std::string_view, 2> other = {};   // ... and none of these is of this notation; the first such row counts
  std::array<std::string_view, 2> begins = {};  // what a call begins with, where texts may stand before it
  char alone = '\0';  // where the calls are the whole answer: what the first of them begins with

  // An answer is: mark all_begin CALL between CALL ... all_end. `mark` may be missing in what is read.
  std::string_view mark = {}, all_begin = {}, between = {}, all_end = {};
  // A CALL is: wrap begin NAME behind_name ARGUMENTS end wrap_end. `wrap` may be missing if there is a `begin`,
  // `wrap_end` always.
  std::string_view wrap = {}, begin = {}, behind_name = {}, end = {}, wrap_end = {};
  bool several = true;  // calls in one answer

  CallForm form;
  std::string_view arguments = "arguments";  // of an object, what they are called
  // Of tagged ones, each is: key KEY behind_key value VALUE behind_value.
  std::string_view key = {}, behind_key = {}, value = {}, behind_value = {};
  bool own_lines = false;  // the line ends around a tagged value are none of it

  // OpenAI's harmony: the answer is messages in channels (analysis, commentary, final), with calls among them.
  bool channels = false;

  // What a model is told of the tools, behind its system message, where templates of the notation leave that to others.
  std::string (*told)(const Json& tools) = nullptr;
};

// As the template's text has it; null: in a way that is not known here.
const ToolNotation* notation_of(std::string_view chat_template);

// Whether the name of a control token is (part of) a mark, so that calls cannot be read without it.
bool is_mark(const ToolNotation& notation, std::string_view name);

}  // namespace decant
