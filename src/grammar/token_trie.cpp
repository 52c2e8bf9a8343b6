#include "grammar/token_trie.h"

#include <algorithm>
#include <string_view>

namespace decant {

TokenTrie::TokenTrie(const Vocab& vocab) {
  std::vector<std::pair<std::string_view, Token>> texts;
  for (Token token = 0; token < vocab.size(); ++token) {
    const std::string_view bytes = vocab.bytes(token);
    if (!bytes.empty() && bytes.find('\0') == bytes.npos) texts.emplace_back(bytes, token);
  }
  std::sort(texts.begin(), texts.end());

  std::vector<int> path;  // the nodes of the previous text
  const auto leave = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) nodes_[path.back()].skip = static_cast<int>(nodes_.size());
  };
  std::string_view previous;
  for (const auto& [text, token] : texts) {
    const auto common = std::mismatch(text.begin(), text.end(), previous.begin(), previous.end()).first - text.begin();
    leave(static_cast<std::size_t>(common));
    const int first = static_cast<int>(tokens_.size());
    for (std::size_t i = path.size(); i < text.size(); ++i) {
      path.push_back(static_cast<int>(nodes_.size()));
      nodes_.push_back({static_cast<std::uint8_t>(text[i]), static_cast<int>(i) + 1, 0, first, first});
    }
    tokens_.push_back(token);
    ++nodes_[path.back()].last;
    depth_ = std::max(depth_, static_cast<int>(text.size()));
    previous = text;
  }
  leave(0);
}

}  // namespace decant
