// Divides an answer into what is said, what is thought aloud and what calls a tool, as it comes. What is no call after
// all is said.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "server/json_body.h"
#include "server/tool_notation.h"

namespace decant {

struct ToolCall {
  std::string id, name, arguments;  // the last is JSON
};

class CallReader {
 public:
  // `tools`: those that were offered, by whose schemas bare texts are told from numbers; null: none, and what calls
  // one all the same is left out. Both outlive this.
  CallReader(const ToolNotation& notation, const Json& tools) : notation_(&notation), tools_(&tools) {}

  struct Found {
    std::string text = {}, reasoning = {};
    std::vector<ToolCall> calls = {};
    Found& operator+=(Found&& more) {
      text += more.text;
      reasoning += more.reasoning;
      std::move(more.calls.begin(), more.calls.end(), std::back_inserter(calls));
      return *this;
    }
    bool empty() const { return text.empty() && reasoning.empty() && calls.empty(); }
  };
  Found push(std::string_view text);
  Found finish();
  int count() const { return count_; }  // of calls so far

  const ToolNotation& notation() const { return *notation_; }

 private:
  void read(Found& found, bool at_end);
  void read_alone(Found& found, bool at_end);
  void read_channels(Found& found, bool at_end);
  void begin_message(std::string_view header);
  void write_body(std::string_view body, Found& found);
  void end_message(Found& found);
  bool take_calls(std::string_view text, bool at_end, std::size_t& size, bool& waits,
                  std::vector<ToolCall>& calls) const;
  void say(std::size_t bytes, Found& found);

  const ToolNotation* notation_;
  const Json* tools_;
  std::string held_;
  bool said_ = false;  // something but blanks
  int count_ = 0;

  // Of channels: where in a message we are, and whose call it is.
  enum class Part { start, header, said, thought, called, dropped } part_ = Part::start;
  std::string called_, arguments_;
};

}  // namespace decant
