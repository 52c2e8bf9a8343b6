#include "grammar/token_trie.h"

#include <gtest/gtest.h>

#include <map>

#include "support/real_models.h"
#include "support/table_model.h"

namespace decant {
namespace {

using testing::TableVocab;

TEST(TokenTrie, IsInPreorderWithSkips) {
  const TokenTrie trie(TableVocab({"b", "ab", "a", "abc", "ab", "", "</s>"}, {6}));
  const auto& nodes = trie.nodes();
  ASSERT_EQ(nodes.size(), 4u);
  const std::u32string characters = {nodes[0].c, nodes[1].c, nodes[2].c, nodes[3].c};
  EXPECT_EQ(characters, U"abcb");
  EXPECT_EQ(std::vector<int>({nodes[0].skip, nodes[1].skip, nodes[2].skip, nodes[3].skip}),
            std::vector<int>({3, 3, 3, 4}));
  EXPECT_EQ(std::vector<int>({nodes[0].depth, nodes[1].depth, nodes[2].depth, nodes[3].depth}),
            std::vector<int>({1, 2, 3, 1}));
  const auto tokens = [&](int node) {
    return std::vector<Token>(trie.tokens(nodes[node]).begin(), trie.tokens(nodes[node]).end());
  };
  EXPECT_EQ(tokens(0), std::vector<Token>{2});
  EXPECT_EQ(tokens(1), (std::vector<Token>{1, 4}));
  EXPECT_EQ(tokens(2), std::vector<Token>{3});
  EXPECT_EQ(tokens(3), std::vector<Token>{0});
  EXPECT_EQ(trie.depth(), 3);
}

TEST(TokenTrie, PartsOfCharactersAndWhatIsNoText) {
  const TokenTrie trie(
      TableVocab({"\xC3", "x\xC3", "\xA9", "\xA9z", "\xC3\xA9", "\xC3(", "a\xFF", std::string("a\0b", 3)}));
  int begun = 0, tokens = 0;
  for (const TokenTrie::Node& node : trie.nodes()) {
    tokens += static_cast<int>(trie.tokens(node).size());
    if (node.c <= last_character) continue;
    ++begun;
    EXPECT_EQ(trie.beginning(node).possible(), (CodePoints{0xC0, 0xFF}));
  }
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(tokens, 3);  // é, and the two that end in its first byte
  EXPECT_EQ(trie.inner(), (std::vector<Token>{2, 3}));
}

TEST(TokenTrie, HoldsEveryTokenOfARealVocabulary) {
  const LlamaVocab& vocab = test::model_file(test::kQ4_0)->vocab();
  const TokenTrie trie(vocab);
  std::size_t held = trie.inner().size(), expected = 0;
  std::map<Token, int> seen;
  for (const TokenTrie::Node& node : trie.nodes()) {
    held += trie.tokens(node).size();
    for (const Token token : trie.tokens(node)) ++seen[token];
  }
  for (Token token = 0; token < vocab.size(); ++token) {
    const std::string_view bytes = vocab.bytes(token);
    expected += !bytes.empty() && bytes.find('\0') == bytes.npos;
  }
  EXPECT_LE(expected - held, 15u) << "single bytes that no UTF-8 holds";
  EXPECT_GE(held, 49000u);
  for (const auto& [token, times] : seen) ASSERT_EQ(times, 1) << token;
}

}  // namespace
}  // namespace decant
