// Goes over the text of calls, of which the end may not have come yet.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/json_body.h"

namespace decant {

class CallScan {
 public:
  explicit CallScan(std::string_view text, bool is_whole = true) : text_(text), is_whole_(is_whole) {}

  std::size_t at() const { return at_; }
  bool ran_out() const { return ran_out_; }  // more text might have been read otherwise
  std::string_view rest() const { return text_.substr(at_); }

  void skip_blanks();
  bool take(std::string_view mark);       // its blanks stand for any, or none
  bool take_last(std::string_view mark);  // the same; at the text's end a part of it will do
  std::optional<std::string_view> take_until(std::string_view mark);  // what stands before it; both are behind us then
  std::string_view take_name();                                       // letters, digits, _, - and .
  std::optional<Json> take_json();
  std::optional<Json> take_python(int depth = 0);  // a literal of Python or JSON

 private:
  std::optional<Json> take_python_text();
  std::optional<Json> take_python_items(char close, int depth);

  std::string_view text_;
  bool is_whole_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
};

}  // namespace decant
