// A cursor over the bytes of a GGUF file that cannot leave them: every read is checked first, and what does not fit is
// an Error(data) that names the file, the thing being read and its byte offset. Strings are views into the bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "files/gguf_types.h"

namespace decant {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are read as they lie in the file");

// Text from a file as it may be shown: quoted, short, without control characters (terminal escapes among them).
inline std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string result = "'";
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  return result + (text.size() > longest ? "...'" : "'");
}

class GgufReader {
 public:
  GgufReader(std::string_view bytes, std::string file) : bytes_(bytes), file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  std::uint64_t size() const { return bytes_.size(); }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining() const { return bytes_.size() - offset_; }

  template <class... Args>
  [[noreturn]] void fail(std::uint64_t offset, fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(ErrorKind::data, "{} is damaged at byte {}: {}; download or convert it again", file_, offset,
                fmt::format(format, std::forward<Args>(args)...));
  }

  std::string_view take(std::uint64_t size, std::string_view what) {
    if (size > remaining()) {
      fail(offset_, "{} takes {} bytes, but only {} are left in the file", what, size, remaining());
    }
    const std::string_view taken = bytes_.substr(offset_, size);
    offset_ += size;
    return taken;
  }

  template <class Number>
  Number number(std::string_view what) {
    Number value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

  std::string_view string(std::uint64_t longest, std::string_view what) {
    const std::uint64_t begin = offset_;
    const auto size = number<std::uint64_t>(what);
    if (size > longest) fail(begin, "{} has {} bytes, at most {} are allowed", what, size, longest);
    return take(size, what);
  }

 private:
  std::string_view bytes_;
  std::string file_;
  std::uint64_t offset_ = 0;
};

// The strings of a metadata array that has been read, and so checked, before.
class GgufStrings {
 public:
  GgufStrings(std::string_view data, std::uint64_t count) : rest_(data), left_(count) {}

  bool empty() const { return left_ == 0; }

  std::string_view next() {
    std::uint64_t size;
    std::memcpy(&size, rest_.data(), sizeof size);
    const std::string_view text = rest_.substr(sizeof size, size);
    rest_.remove_prefix(sizeof size + size);
    --left_;
    return text;
  }

 private:
  std::string_view rest_;
  std::uint64_t left_;
};

}  // namespace decant
