#include "base/json_writer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace decant {
namespace {

struct Piece {
  std::size_t length;
  bool valid;
};

// The UTF-8 sequence at the head of `text`, or the maximal piece of one that is cut or wrong (table 3-7 of Unicode 15).
Piece utf8_piece(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte alone rules out overlong forms, surrogates, and what lies above U+10FFFF.
  unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

bool plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

template <class Number>
void append_number(std::string& buffer, Number number) {
  fmt::format_to(std::back_inserter(buffer), FMT_COMPILE("{}"), number);
}

}  // namespace

// A value or key follows another one unless it is the first behind a bracket, a colon or a line end; a string's own
// last character is always its closing quote.
void JsonWriter::separate() {
  if (buffer_.empty()) return;
  const char last = buffer_.back();
  if (last != '{' && last != '[' && last != ':' && last != '\n') buffer_ += ',';
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  buffer_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  buffer_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  buffer_ += ':';
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::value(std::nullptr_t) { return literal("null"); }

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return literal("null");
  separate();
  append_number(buffer_, number);
  return *this;
}

JsonWriter& JsonWriter::value(float number) {
  if (!std::isfinite(number)) return literal("null");
  separate();
  append_number(buffer_, number);
  return *this;
}

JsonWriter& JsonWriter::literal(std::string_view text) {
  separate();
  buffer_ += text;
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
  separate();
  append_number(buffer_, number);
  return *this;
}

JsonWriter& JsonWriter::integer(std::uint64_t number) {
  separate();
  append_number(buffer_, number);
  return *this;
}

void JsonWriter::quote(std::string_view text) {
  buffer_ += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(text[run])) ++run;
    buffer_ += text.substr(0, run);
    text.remove_prefix(run);
    if (text.empty()) break;

    const char c = text.front();
    const auto [length, valid] = utf8_piece(text);
    if (c == '"' || c == '\\') {
      buffer_ += '\\';
      buffer_ += c;
    } else if (c >= 0 && c < 0x20) {
      fmt::format_to(std::back_inserter(buffer_), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned>(c));
    } else {
      buffer_ += valid ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    }
    text.remove_prefix(length);
  }
  buffer_ += '"';
}

}  // namespace decant
