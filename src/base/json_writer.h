// JSON text, appended to one buffer: the trace writes some hundred values a token through it, so that a value costs no
// allocation once the buffer has grown.
//
// Commas place themselves; that keys, values and brackets come in an order that makes sense is the caller's part.
// The text is always valid UTF-8, whatever bytes the strings hold: what is not UTF-8 becomes U+FFFD, one for each
// maximal ill-formed piece (Unicode 15, section 3.9, the way Python's "replace" does it).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace decant {

template <class T>
concept JsonInteger = std::integral<T> && !std::same_as<T, bool>;

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::nullptr_t);
  JsonWriter& value(std::same_as<bool> auto truth) { return literal(truth ? "true" : "false"); }
  // Numbers: the fewest digits that read back as the same number; null where JSON has none (NaN, infinities).
  JsonWriter& value(double number);
  JsonWriter& value(float number);
  JsonWriter& value(JsonInteger auto number) {
    using Widest = std::conditional_t<std::is_signed_v<decltype(number)>, std::int64_t, std::uint64_t>;
    return integer(static_cast<Widest>(number));
  }

  template <class Value>
  JsonWriter& field(std::string_view name, const Value& content) {
    return key(name).value(content);
  }

  void end_line() { buffer_ += '\n'; }  // between the records of JSON Lines

  const std::string& text() const { return buffer_; }
  void clear() { buffer_.clear(); }  // keeps the memory

 private:
  void separate();
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& literal(std::string_view text);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& integer(std::uint64_t number);
  void quote(std::string_view text);

  std::string buffer_;
};

}  // namespace decant
