// What grammars and schemas force, on real vocabularies.
#include "drafters/grammar_forced.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "schema/json_schema.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr const char* kPerson = R"({"type": "object", "properties": {"first_name": {"type": "string"},
  "address": {"type": "object", "properties": {"street": {"type": "string"}, "country": {"const": "République"}},
  "required": ["street", "country"], "additionalProperties": false}, "age": {"type": "integer"},
  "kind": {"enum": ["customer", "customary", "other"]}},
  "required": ["first_name", "address", "age", "kind"], "additionalProperties": false})";
constexpr const char* kOptional = R"({"type": "object", "properties": {"a": {"type": "boolean"}, "ab": {"type": "null"},
  "list": {"type": "array", "items": {"const": 12345}, "minItems": 2}}, "additionalProperties": false})";

// Items that differ, or an array of two: behind [ there are two ways to read it.
constexpr const char* kUnique = R"(root ::= unique-json-items "7" [0-9]? "," [0-9]+ "]" | "[" "77" ",77" "]"
unique-json-items ::= "[")";

std::vector<std::string> grammars() {
  return {json_schema_to_gbnf(kPerson), json_schema_to_gbnf(kOptional), kUnique,
          R"(root ::= "yes" | "yes, " ("please" | "pl"))", R"(root ::= "ab"* "." [x] "é" ("漢字" | "漢語") [^a]?)"};
}

std::vector<Token> allowed_tokens(const Grammar& point) {
  std::vector<Token> tokens;
  const auto& allowed = point.allowed();
  for (Token token = 0; token < std::ssize(allowed); ++token) {
    if (allowed[static_cast<std::size_t>(token)]) tokens.push_back(token);
  }
  return tokens;
}

bool agree(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

// Whatever may come agrees with the forced text.
void expect_forced_must_come(const Grammar& point, const Vocab& vocab) {
  const std::string text = point.forced(64);
  if (text.empty()) return;
  const std::vector<Token> tokens = allowed_tokens(point);
  ASSERT_FALSE(tokens.empty());
  for (const Token token : tokens) {
    ASSERT_FALSE(vocab.bytes(token).empty()) << "it may end before " << text;
    ASSERT_TRUE(agree(text, vocab.bytes(token))) << text << " | " << vocab.bytes(token);
  }
}

// Where no text is forced, what may come does not all begin alike.
void expect_all_is_forced(const Grammar& point, const Vocab& vocab) {
  if (!point.forced(64).empty()) return;
  const std::vector<Token> tokens = allowed_tokens(point);
  for (const Token token : tokens) {
    const std::string_view bytes = vocab.bytes(token);
    if (bytes.empty() || static_cast<unsigned char>(bytes[0]) >= 0x80) return;  // the end, or parts of characters
  }
  const auto is_another = [&](Token token) { return vocab.bytes(token)[0] != vocab.bytes(tokens[0])[0]; };
  ASSERT_TRUE(std::any_of(tokens.begin(), tokens.end(), is_another))
      << "only " << vocab.bytes(tokens[0]) << " may come";
}

void expect_draft_may_come(const Grammar& point, const Vocab& vocab) {
  std::unique_ptr<const Grammar> reached;
  const Grammar* here = &point;
  for (const auto& [token, is_certain] : forced_tokens(point, vocab, 64)) {
    const std::vector<Token> tokens = allowed_tokens(*here);
    ASSERT_TRUE(std::binary_search(tokens.begin(), tokens.end(), token)) << vocab.piece(token);
    ASSERT_FALSE(vocab.bytes(token).empty());
    ASSERT_EQ(is_certain, tokens.size() == 1) << vocab.piece(token);
    reached = here->after(token);
    here = reached.get();
  }
}

void walk_through(const Vocab& vocab, const std::string& gbnf, unsigned seed, int& forced) {
  std::mt19937 random(seed);
  std::unique_ptr<const Grammar> point = vocab.grammar(gbnf);
  for (int step = 0; step < 40; ++step) {
    ASSERT_NO_FATAL_FAILURE(expect_forced_must_come(*point, vocab));
    if (gbnf != kUnique) {  // what differs is not known to be forced
      ASSERT_NO_FATAL_FAILURE(expect_all_is_forced(*point, vocab));
    }
    ASSERT_NO_FATAL_FAILURE(expect_draft_may_come(*point, vocab));
    forced += !point->forced(64).empty();
    const std::vector<Token> tokens = allowed_tokens(*point);
    const Token token = tokens[std::uniform_int_distribution<std::size_t>(0, tokens.size() - 1)(random)];
    if (vocab.bytes(token).empty()) return;
    point = point->after(token);
  }
}

void walk_through_all(const Vocab& vocab, unsigned walks) {
  int forced = 0;
  for (const std::string& gbnf : grammars()) {
    for (unsigned seed = 0; seed < walks; ++seed) {
      ASSERT_NO_FATAL_FAILURE(walk_through(vocab, gbnf, seed, forced)) << gbnf << ", seed " << seed;
    }
  }
  EXPECT_GT(forced, 20);
}

TEST(GrammarForced, IsWhatMayComeOnRandomWays) { walk_through_all(model_file(kQ4_0)->vocab(), 3); }
TEST(GrammarForced, IsWhatMayComeOnRandomWaysOfASmallVocabulary) { walk_through_all(model_file(kMicro)->vocab(), 20); }

std::string drafted(const Vocab& vocab, const std::string& gbnf, std::string_view text = {}) {
  std::unique_ptr<const Grammar> point = vocab.grammar(gbnf);
  for (const Token token : vocab.tokenize(text, false, false)) point = point->after(token);
  std::string drafted;
  for (const ForcedToken& each : forced_tokens(*point, vocab, 64)) drafted += vocab.bytes(each.token);
  return drafted;
}

TEST(GrammarForced, TextIsForcedUpToWhereThereIsAChoice) {
  for (const char* model : {kQ4_0, kMicro}) {
    const Vocab& vocab = model_file(model)->vocab();
    EXPECT_EQ(drafted(vocab, R"(root ::= "one, two" ("!" | "?"))"), "one, two");
    EXPECT_EQ(drafted(vocab, R"(root ::= "one" ", two"?)"), "one") << "it may end there";
    EXPECT_EQ(drafted(vocab, R"(root ::= "one" [a-b])"), "one");
    EXPECT_EQ(drafted(vocab, R"(root ::= "one" [^a])"), "one");
    EXPECT_EQ(drafted(vocab, R"(root ::= ("on" | "one" | "o") "e!")"), "o");
    EXPECT_EQ(drafted(vocab, R"(root ::= [a] ("b" | [b] "c"))"), "ab");
    EXPECT_EQ(drafted(vocab, R"(root ::= "été" "!"?)"), "été");
  }
}

TEST(GrammarForced, EveryWayToReadTheTextHasToForceIt) {
  const Vocab& vocab = model_file(kMicro)->vocab();
  const auto forced = [&](std::string_view text) {
    std::unique_ptr<const Grammar> point = vocab.grammar(kUnique);
    for (const Token token : vocab.tokenize(text, false, false)) point = point->after(token);
    return point->forced(64);
  };
  EXPECT_EQ(forced(""), "[7");
  EXPECT_EQ(forced("["), "7");
  EXPECT_EQ(forced("[7"), "") << "7 comes next in one way, in the other what likes";
  EXPECT_EQ(forced("[77"), ",");
  EXPECT_EQ(forced("[77,"), "");
  EXPECT_EQ(forced("[77,77"), "") << "a repetition may end here, in one way";
}

TEST(GrammarForced, ANegatedClassForcesNothing) {
  const Vocab& vocab = model_file(kMicro)->vocab();
  EXPECT_EQ(vocab.grammar(R"(root ::= "one" [^a])")->forced(64), "one");
  EXPECT_EQ(vocab.grammar(R"(root ::= "one" ("b" | [^b]))")->forced(64), "one");
}

TEST(GrammarForced, ASchemaIsWrittenAsTheTokenizerWritesIt) {
  const Vocab& vocab = model_file(kQ4_0)->vocab();
  const auto point = vocab.grammar(R"(root ::= "first_name and the address" [a-z])");
  std::vector<Token> tokens;
  for (const ForcedToken& each : forced_tokens(*point, vocab, 64)) tokens.push_back(each.token);
  EXPECT_EQ(tokens, vocab.tokenize("first_name and the address", false, false));
  EXPECT_LT(tokens.size(), 8u);
}

TEST(GrammarForced, ALongTextIsDraftedInPieces) {
  const Vocab& vocab = model_file(kQ4_0)->vocab();
  std::string text;
  for (int i = 0; i < 400; ++i) text += "word ";
  const auto point = vocab.grammar("root ::= \"" + text + "\"");
  EXPECT_EQ(forced_tokens(*point, vocab, 64).size(), 64u);
  std::string all;
  for (const ForcedToken& each : forced_tokens(*point, vocab, 10000)) all += vocab.bytes(each.token);
  EXPECT_EQ(all, text);
}

}  // namespace
}  // namespace decant
