#include "grammar/token_trie.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace decant {
namespace {

struct Text {
  std::u32string characters;
  Utf8Reader rest;  // the character begun at the end, if any
  Token token;
  auto operator<=>(const Text&) const = default;
};

// false: ill-formed.
bool read(std::string_view bytes, Text& text) {
  for (const char byte : bytes) {
    switch (text.rest.push(static_cast<std::uint8_t>(byte))) {
      case Utf8Reader::Result::character:
        text.characters += text.rest.value();
        break;
      case Utf8Reader::Result::more:
        break;
      case Utf8Reader::Result::ill_formed:
        return false;
    }
  }
  if (text.rest.between_characters()) text.rest = {};
  return true;
}

}  // namespace

TokenTrie::TokenTrie(const Vocab& vocab) {
  std::vector<Text> texts;
  for (Token token = 0; token < vocab.size(); ++token) {
    const std::string_view bytes = vocab.bytes(token);
    if (bytes.empty() || bytes.find('\0') != bytes.npos) continue;
    Text text{{}, {}, token};
    if (read(bytes, text)) {
      texts.push_back(std::move(text));
    } else if ((static_cast<unsigned char>(bytes[0]) & 0xC0) == 0x80) {
      inner_.push_back(token);
    }
  }
  for (Text& text : texts) {
    if (text.rest.between_characters()) continue;
    const auto found = std::find(beginnings_.begin(), beginnings_.end(), text.rest);
    text.characters += last_character + 1 + static_cast<char32_t>(found - beginnings_.begin());
    if (found == beginnings_.end()) beginnings_.push_back(text.rest);
  }
  std::sort(texts.begin(), texts.end());

  std::vector<int> path;  // the nodes of the previous text
  const auto leave = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) nodes_[path.back()].skip = static_cast<int>(nodes_.size());
  };
  std::u32string_view previous;
  for (const auto& [text, rest, token] : texts) {
    const auto common = std::mismatch(text.begin(), text.end(), previous.begin(), previous.end()).first - text.begin();
    leave(static_cast<std::size_t>(common));
    const int first = static_cast<int>(tokens_.size());
    for (std::size_t i = path.size(); i < text.size(); ++i) {
      path.push_back(static_cast<int>(nodes_.size()));
      nodes_.push_back({text[i], static_cast<int>(i) + 1, 0, first, first});
    }
    tokens_.push_back(token);
    ++nodes_[path.back()].last;
    depth_ = std::max(depth_, static_cast<int>(text.size()));
    previous = text;
  }
  leave(0);
}

}  // namespace decant
