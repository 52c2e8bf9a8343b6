// Tested by tests/server/tools_test.py.
#include "server/call_scan.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/utf8.h"

namespace decant {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

void CallScan::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

bool CallScan::take(std::string_view mark) {
  const std::size_t begin = at_;
  for (const char c : mark) {
    if (is_blank(c)) {
      skip_blanks();
      continue;
    }
    const bool is_out = at_ == text_.size();
    if (is_out || text_[at_] != c) {
      ran_out_ = ran_out_ || is_out;
      at_ = begin;
      return false;
    }
    ++at_;
  }
  return true;
}

bool CallScan::take_last(std::string_view mark) {
  if (take(mark)) return true;
  const auto is_part = [&] {
    CallScan scan(mark);  // the rest is the mark, and the mark the text
    return scan.take(rest());
  };
  if (!is_whole_ || !is_part()) return false;
  at_ = text_.size();
  return true;
}

std::optional<std::string_view> CallScan::take_until(std::string_view mark) {
  const std::size_t end = text_.find(mark, at_);
  if (end == text_.npos) {
    ran_out_ = true;
    return std::nullopt;
  }
  const std::string_view before = text_.substr(at_, end - at_);
  at_ = end + mark.size();
  return before;
}

std::string_view CallScan::take_name() {
  const std::size_t begin = at_;
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  while (at_ < text_.size() && fits(text_[at_])) ++at_;
  ran_out_ = ran_out_ || at_ == text_.size();
  return text_.substr(begin, at_ - begin);
}

std::optional<Json> CallScan::take_json() {
  skip_blanks();
  const std::size_t begin = at_;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = begin; i < text_.size(); ++i) {
    const char c = text_[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepth) return std::nullopt;
    } else if (c == '}' || c == ']') {
      --depth;
    }
    if (depth > 0 || quoted) continue;
    Json value = Json::parse(text_.substr(begin, i + 1 - begin), nullptr, false);
    if (value.is_discarded() || !value.is_structured()) return std::nullopt;
    at_ = i + 1;
    return value;
  }
  ran_out_ = true;
  return std::nullopt;
}

// ---- Python's literals, as models write them: escapes of either language, and JSON's names for what Python calls
// True, False and None.

std::optional<Json> CallScan::take_python(int depth) {
  skip_blanks();
  if (at_ == text_.size()) {
    ran_out_ = true;
    return std::nullopt;
  }
  const char c = text_[at_];
  if (c == '"' || c == '\'') return take_python_text();
  if (depth < kJsonDepth && (c == '[' || c == '(' || c == '{')) {
    ++at_;
    return take_python_items(c == '{' ? '}' : c == '(' ? ')' : ']', depth + 1);
  }
  const std::size_t begin = at_;
  while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                std::string_view("+-.").find(text_[at_]) != std::string_view::npos))
    ++at_;
  ran_out_ = ran_out_ || at_ == text_.size();
  const std::string_view word = text_.substr(begin, at_ - begin);
  if (word == "True") return Json(true);
  if (word == "False") return Json(false);
  if (word == "None") return Json();
  Json value = Json::parse(word, nullptr, false);
  return value.is_discarded() ? std::nullopt : std::optional(std::move(value));
}

std::optional<Json> CallScan::take_python_items(char close, int depth) {
  Json items = close == '}' ? Json::object() : Json::array();
  for (;;) {
    skip_blanks();
    if (take({&close, 1})) return items;
    if (ran_out_) return std::nullopt;
    std::optional<Json> item = take_python(depth);
    if (!item) return std::nullopt;
    if (close == '}') {
      if (!item->is_string() || !take(" :")) return std::nullopt;
      std::optional<Json> value = take_python(depth);
      if (!value) return std::nullopt;
      items[item->get<std::string>()] = std::move(*value);
    } else {
      items.push_back(std::move(*item));
    }
    skip_blanks();
    if (!take(",") && (at_ == text_.size() || text_[at_] != close)) return std::nullopt;
  }
}

std::optional<Json> CallScan::take_python_text() {
  const char quote = text_[at_];
  std::string text;
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == quote) {
      at_ = i + 1;
      if (find_invalid_utf8(text)) return std::nullopt;  // half of a pair of surrogates
      return Json(std::move(text));
    }
    if (text_[i] != '\\') {
      text += text_[i];
      continue;
    }
    if (++i == text_.size()) break;
    constexpr std::string_view names = "abfnrtv0", meant("\a\b\f\n\r\t\v\0", 8), with_digits = "xuU";
    if (const std::size_t name = names.find(text_[i]); name != names.npos) {
      text += meant[name];
    } else if (const std::size_t kind = with_digits.find(text_[i]); kind != with_digits.npos) {
      const auto read = [&](std::size_t from, std::size_t digits) -> std::optional<std::uint32_t> {
        std::uint32_t value = 0;
        if (text_.size() < from + digits) return std::nullopt;
        const char* const end = text_.data() + from + digits;
        return std::from_chars(text_.data() + from, end, value, 16).ptr == end ? std::optional(value) : std::nullopt;
      };
      const std::size_t digits = std::size_t{2} << kind;
      if (text_.size() < i + 1 + digits) break;
      std::optional<std::uint32_t> point = read(i + 1, digits);
      if (!point || *point > 0x10FFFF) return std::nullopt;
      i += digits;
      const bool is_first_half = *point >= 0xD800 && *point < 0xDC00;
      const auto second = is_first_half && text_.substr(i + 1, 2) == "\\u" ? read(i + 3, 4) : std::nullopt;
      if (second && *second >= 0xDC00 && *second < 0xE000) {
        point = 0x10000 + ((*point - 0xD800) << 10) + (*second - 0xDC00);
        i += 6;
      }
      append_utf8(text, static_cast<char32_t>(*point));
    } else {
      if (std::string_view("\\'\"/\n").find(text_[i]) == std::string_view::npos) text += '\\';  // Python keeps it
      if (text_[i] != '\n') text += text_[i];
    }
  }
  ran_out_ = true;
  return std::nullopt;
}

}  // namespace decant
