// Tested by tests/server/tools_test.py.
#include "server/call_reader.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/marks.h"
#include "server/call_scan.h"
#include "server/random_name.h"
#include "server/tool_calls.h"

namespace decant {
namespace {

// The first place of one of the marks.
template <class Marks>
std::size_t find_any(std::string_view text, const Marks& marks) {
  std::size_t first = text.npos;
  for (const std::string_view each : marks) {
    if (!each.empty()) first = std::min(first, text.find(each));
  }
  return first;
}

// ---- one call

class OneCall {
 public:
  OneCall(CallScan& scan, const ToolNotation& notation, const Json& tools)
      : scan_(scan), notation_(notation), tools_(tools) {}

  std::optional<ToolCall> read() {
    if (!scan_.take(notation_.wrap) && (notation_.begin.empty() || scan_.ran_out())) return std::nullopt;
    if (!scan_.take(notation_.begin)) return std::nullopt;
    scan_.skip_blanks();
    const bool is_read = notation_.form == CallForm::object ? read_object() : read_named();
    // A list of arguments may go on where the text has ended.
    const bool is_closed =
        notation_.form == CallForm::python ? scan_.take(notation_.end) : scan_.take_last(notation_.end);
    if (!is_read || !is_closed) return std::nullopt;
    scan_.take_last(notation_.wrap_end);
    return ToolCall{random_name("call_"), std::move(name_), std::move(arguments_)};
  }

 private:
  bool read_object() {
    const std::optional<Json> call = scan_.take_json();
    if (!call || !call->is_object() || !call->value("name", Json()).is_string()) return false;
    name_ = (*call)["name"].get<std::string>();
    const Json arguments = call->value("arguments", call->value("parameters", Json()));
    arguments_ = arguments.is_null() ? "{}" : arguments.is_string() ? arguments.get<std::string>() : arguments.dump();
    return true;
  }

  bool read_named() {
    name_ = scan_.take_name();
    if (name_.empty() || !scan_.take(notation_.behind_name)) return false;
    std::optional<Json> arguments;
    if (notation_.form == CallForm::named) {
      arguments = scan_.take_json();
    } else {
      arguments = notation_.form == CallForm::tagged ? tagged() : keywords();
    }
    if (!arguments) return false;
    arguments_ = arguments->dump();
    return true;
  }

  std::optional<Json> tagged() {
    Json arguments = Json::object();
    for (;;) {
      scan_.skip_blanks();
      if (!scan_.take(notation_.key)) return scan_.ran_out() ? std::nullopt : std::optional(arguments);
      const auto key = scan_.take_until(notation_.behind_key);
      if (!key || !scan_.take(notation_.value)) return std::nullopt;
      auto text = scan_.take_until(notation_.behind_value);
      if (!text) return std::nullopt;
      if (notation_.own_lines && text->starts_with('\n')) text->remove_prefix(1);
      if (notation_.own_lines && text->ends_with('\n')) text->remove_suffix(1);
      arguments[std::string(*key)] = value_of(*key, *text);
    }
  }

  // What stands between marks: a text, or as JSON what is no text.
  Json value_of(std::string_view key, std::string_view text) const {
    const unsigned types = types_of_argument(key);
    if (types == json_type::text) return Json(text);
    Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded()) {
      CallScan scan(text);
      const auto literal = scan.take_python();
      scan.skip_blanks();
      if (literal && scan.rest().empty()) value = *literal;
    }
    const bool fits = !value.is_discarded() && (types & type_of_value(value)) != 0;
    const bool may_be_text = (types & json_type::text) != 0;
    if (value.is_discarded() || (value.is_string() && may_be_text) || (!fits && may_be_text)) return Json(text);
    return value;
  }

  unsigned types_of_argument(std::string_view key) const {
    for (const Json& tool : tools_) {
      if (tool["function"]["name"] != name_) continue;
      const Json parameters = parameters_of(tool);
      const Json& schema = resolved(parameters, parameters);
      const Json properties = schema.is_object() ? schema.value("properties", Json()) : Json();
      if (properties.is_object() && properties.contains(std::string(key)))
        return types_of(properties[std::string(key)], parameters);
    }
    return json_type::any;
  }

  std::optional<Json> keywords() {
    Json arguments = Json::object();
    for (;;) {
      scan_.skip_blanks();
      const std::string key(scan_.take_name());
      if (key.empty()) return scan_.ran_out() || !arguments.empty() ? std::nullopt : std::optional(arguments);
      if (!scan_.take(" = ")) return std::nullopt;
      std::optional<Json> value = scan_.take_python();
      if (!value) return std::nullopt;
      arguments[key] = std::move(*value);
      scan_.skip_blanks();
      if (!scan_.take(",")) return arguments;
    }
  }

  CallScan& scan_;
  const ToolNotation& notation_;
  const Json& tools_;
  std::string name_, arguments_;
};

// ---- channels

constexpr std::string_view kStart = "<|start|>", kChannel = "<|channel|>", kMessage = "<|message|>",
                           kRecipient = " to=", kFunctions = "functions.";
constexpr std::string_view kBehindBody[] = {"<|end|>", "<|call|>", "<|return|>", kStart, kChannel};
constexpr std::string_view kBeginsHeader[] = {kStart, kChannel, kRecipient};

}  // namespace

void CallReader::say(std::size_t bytes, Found& found) {
  const std::string_view text = std::string_view(held_).substr(0, bytes);
  said_ = said_ || text.find_first_not_of(kBlanks) != text.npos;
  found.text += text;
  held_.erase(0, bytes);
}

// Calls at the beginning of the text, `size` bytes of it. False: it begins with none, or so far (`waits`).
bool CallReader::take_calls(std::string_view text, bool at_end, std::size_t& size, bool& waits,
                            std::vector<ToolCall>& calls) const {
  CallScan scan(text, at_end);
  const ToolNotation& is = *notation_;
  const auto read_all = [&] {
    scan.take(is.mark);
    if (!scan.take(is.all_begin)) return false;
    for (;;) {
      auto call = OneCall(scan, is, *tools_).read();
      if (!call) return false;
      calls.push_back(std::move(*call));
      if (is.all_end.empty() || scan.take_last(is.all_end)) return true;
      if (!scan.take(is.between)) return false;
    }
  };
  const bool is_read = read_all();
  waits = scan.ran_out() && !at_end;
  size = scan.at();
  return is_read && !waits;
}

// The whole answer, or nothing of it.
void CallReader::read_alone(Found& found, bool at_end) {
  if (!at_end) return;
  std::vector<ToolCall> calls;
  std::size_t size = 0;
  bool waits = false;
  const std::size_t begin = behind_blanks(held_);
  const bool is_read = take_calls(std::string_view(held_).substr(begin), true, size, waits, calls) &&
                       held_.find_first_not_of(kBlanks, begin + size) == held_.npos;
  if (!is_read) return say(held_.size(), found);
  count_ += static_cast<int>(calls.size());
  found.calls = std::move(calls);
  held_.clear();
}

void CallReader::read(Found& found, bool at_end) {
  if (notation_->channels) return read_channels(found, at_end);
  const auto& begins = notation_->begins;
  for (;;) {
    const std::size_t first = held_.find_first_not_of(kBlanks);
    const bool is_first = notation_->alone != '\0' && !said_ && count_ == 0;
    if (is_first && (first == held_.npos || held_[first] == notation_->alone)) return read_alone(found, at_end);
    const std::size_t open = find_any(held_, begins);
    if (open == held_.npos) {
      // The blanks before a call are not said, nor is what may be the beginning of one.
      const std::size_t kept = possible_beginning_of_any(held_, begins);
      const std::size_t end = without_blanks(std::string_view(held_).substr(0, held_.size() - kept));
      if (!at_end) return say(end, found);
      return count_ > 0 && end + kept == 0 ? held_.clear() : say(held_.size(), found);
    }
    std::vector<ToolCall> calls;
    std::size_t size = 0;
    bool waits = false;
    if (!take_calls(std::string_view(held_).substr(open), at_end, size, waits, calls)) {
      if (waits) return say(without_blanks(std::string_view(held_).substr(0, open)), found);
      say(open + 1, found);  // no call after all
      continue;
    }
    const std::size_t end = without_blanks(std::string_view(held_).substr(0, open));
    say(end, found);
    held_.erase(0, open - end + size);
    count_ += static_cast<int>(calls.size());
    std::move(calls.begin(), calls.end(), std::back_inserter(found.calls));
  }
}

// <|start|>assistant<|channel|>analysis<|message|>...<|end|>, and of a call the one who is called in either of the
// first two: `to=functions.NAME`.
void CallReader::begin_message(std::string_view header) {
  const std::size_t channel = header.rfind(kChannel), to = header.rfind(kRecipient);
  const auto word = [&](std::size_t begin) {
    const std::string_view rest = header.substr(begin);
    return rest.substr(0, rest.find_first_of(" <"));
  };
  const std::string_view name = channel == header.npos ? "" : word(channel + kChannel.size());
  const std::string_view recipient = to == header.npos ? "" : word(to + kRecipient.size());
  called_.clear();
  arguments_.clear();
  if (recipient.starts_with(kFunctions) && !tools_->is_null()) {
    part_ = Part::called;
    called_ = recipient.substr(kFunctions.size());
  } else if (!recipient.empty() && recipient != "assistant") {
    part_ = Part::dropped;
  } else {
    part_ = name == "analysis" ? Part::thought : Part::said;
  }
}

void CallReader::write_body(std::string_view body, Found& found) {
  if (part_ == Part::thought) found.reasoning += body;
  if (part_ == Part::called) arguments_ += body;
  if (part_ == Part::said) found.text += body;
}

void CallReader::end_message(Found& found) {
  if (part_ == Part::called) {
    CallScan scan(arguments_);
    const auto arguments = scan.take_json();
    scan.skip_blanks();
    if (arguments && scan.rest().empty()) {
      found.calls.push_back({random_name("call_"), called_, arguments->dump()});
      ++count_;
    } else {
      found.text += arguments_;
    }
  }
  part_ = Part::header;
}

void CallReader::read_channels(Found& found, bool at_end) {
  for (;;) {
    if (part_ == Part::start) {  // the prompt has ended within a header, unless nobody writes any
      const auto begins = [&](std::string_view mark) { return held_.starts_with(mark); };
      const auto may_begin = [&](std::string_view mark) { return mark.starts_with(held_); };
      const bool has_header = std::ranges::any_of(kBeginsHeader, begins);
      if (!has_header && !at_end && std::ranges::any_of(kBeginsHeader, may_begin)) return;
      part_ = has_header ? Part::header : Part::said;
    }
    if (part_ == Part::header) {
      const std::size_t body = held_.find(kMessage);
      if (body == held_.npos) {
        if (at_end) held_.clear();
        return;
      }
      begin_message(std::string_view(held_).substr(0, body));
      held_.erase(0, body + kMessage.size());
    }
    const std::size_t end = find_any(held_, kBehindBody);
    if (end == held_.npos) {
      const std::size_t kept = at_end ? 0 : possible_beginning_of_any(held_, kBehindBody);
      write_body(std::string_view(held_).substr(0, held_.size() - kept), found);
      held_.erase(0, held_.size() - kept);
      if (at_end) end_message(found);
      return;
    }
    write_body(std::string_view(held_).substr(0, end), found);
    held_.erase(0, end);
    end_message(found);
    for (const std::string_view mark : kBehindBody) {  // the marks of the next header are its own
      if (mark != kStart && mark != kChannel && held_.starts_with(mark)) held_.erase(0, mark.size());
    }
  }
}

CallReader::Found CallReader::push(std::string_view text) {
  held_ += text;
  Found found;
  read(found, false);
  return found;
}

CallReader::Found CallReader::finish() {
  Found found;
  read(found, true);
  return found;
}

}  // namespace decant
