#include "base/utf8.h"

#include <cassert>

namespace decant {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

enum class Kind { character, ill_formed, incomplete };

struct Piece {
  Kind kind;
  std::size_t length;  // of the character or of its maximal subpart; at least 1
};

// What follows a lead byte: how many bytes, and the range of the first of them, which is narrower than 80..BF where it
// has to rule out overlong forms (E0, F0), surrogates (ED) and code points beyond U+10FFFF (F4). Unicode table 3-7.
struct Lead {
  int continuations;
  unsigned char low, high;
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1, 0x80, 0xbf};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2, 0x80, 0xbf};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {3, 0x80, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {0, 0, 0};
}

Piece first_piece(std::string_view text) {
  assert(!text.empty());
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {Kind::character, 1};
  Lead lead = lead_of(byte(0));
  if (lead.continuations == 0) return {Kind::ill_formed, 1};
  std::size_t length = 1;
  for (; lead.continuations > 0; --lead.continuations, ++length) {
    if (length == text.size()) return {Kind::incomplete, length};
    if (byte(length) < lead.low || byte(length) > lead.high) return {Kind::ill_formed, length};
    lead.low = 0x80, lead.high = 0xbf;
  }
  return {Kind::character, length};
}

}  // namespace

std::string Utf8Buffer::push(std::string_view bytes) {
  tail_ += bytes;
  std::string_view rest = tail_;
  std::string whole;
  while (!rest.empty()) {
    const Piece piece = first_piece(rest);
    if (piece.kind == Kind::incomplete) break;
    whole += piece.kind == Kind::character ? rest.substr(0, piece.length) : kReplacement;
    rest.remove_prefix(piece.length);
  }
  tail_.erase(0, tail_.size() - rest.size());
  return whole;
}

std::string Utf8Buffer::flush() {
  const bool cut = !tail_.empty();
  tail_.clear();
  return std::string(cut ? kReplacement : "");
}

std::string as_utf8(std::string_view bytes) {
  Utf8Buffer whole;
  std::string text = whole.push(bytes);  // then what is left of it: operands of one + have no order
  return text += whole.flush();
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Piece piece = first_piece(text.substr(at));
    if (piece.kind != Kind::character) return at;
    at += piece.length;
  }
  return std::nullopt;
}

void append_utf8(std::string& text, char32_t character) {
  const auto add = [&text](char32_t byte) { text += static_cast<char>(byte); };
  const int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  constexpr char32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  add(kLead[more] | character >> (6 * more));
  for (int i = more - 1; i >= 0; --i) add(0x80 | (character >> (6 * i) & 0x3F));
}

}  // namespace decant
