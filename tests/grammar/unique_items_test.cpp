#include "grammar/unique_items.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/error.h"
#include "base/utf8_reader.h"
#include "grammar/text_check.h"
#include "llama/llama_grammar.h"
#include "schema/json_schema.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

bool differ(std::string_view items) {
  UniqueItems array;
  for (const char32_t c : utf32(std::string(items) + ']')) {
    if (!array.push(c)) return false;
  }
  EXPECT_TRUE(array.ended());
  return true;
}

TEST(UniqueItems, AreComparedAsJsonValues) {
  for (const char* same : {"1,1",
                           "1,1.0",
                           "1, 10e-1",
                           "-0,0",
                           "0.0e5,-0",
                           "100,1E+2",
                           "0.05,5e-2",
                           "123456789012345678901,123456789012345678901.0",
                           R"("a","\u0061")",
                           R"("é","\u00E9")",
                           R"("/","\/")",
                           R"("\n","\u000a")",
                           R"("😀","\ud83D\uDE00")",
                           R"("","")",
                           "true,true",
                           "null , null",
                           "[],[ ]",
                           "{},{ }",
                           "[1,[2]],[1.0,[2e0]]",
                           R"({"a":1,"b":2},{"b":2,"a":1})",
                           R"({"a":{"x":[1],"y":""}}, {"\u0061":{"y":"","x":[1.0]}})"}) {
    EXPECT_FALSE(differ(same)) << same;
  }
  for (const char* different : {"1,-1",
                                "1,10",
                                "1,1.01",
                                "12,1,2",
                                "9007199254740993,9007199254740992",
                                "0.1,0.10000000000000001",
                                "1e2,1e3",
                                R"("a","A")",
                                R"("1",1)",
                                R"("null",null)",
                                "true,1",
                                "false,0",
                                "false,null",
                                "[],{}",
                                "[],[[]]",
                                "[1,2],[2,1]",
                                "[12],[1,2]",
                                R"(["a","b"],["a,b"])",
                                R"(["a\",\"b"],["a","b"])",
                                R"({"a":1},{"a":2})",
                                R"({"a":1},{"b":1})",
                                R"({"a":1},{"a":1,"b":1})",
                                R"("\ud83d","\ude00")",
                                R"([1],[1,1],1)"}) {
    EXPECT_TRUE(differ(different)) << different;
  }
}

TEST(UniqueItems, NoObjectHasANameTwice) { EXPECT_FALSE(differ(R"({"a":1,"\u0061":2})")); }

// ---- texts ----------------------------------------------------------------------------------------------------------

bool any(const std::vector<bool>& tokens) { return std::find(tokens.begin(), tokens.end(), true) != tokens.end(); }

// A text of a schema by tokens that are drawn among those that are allowed. At every place something is allowed, what
// is allowed leads somewhere, and what is not leads nowhere.
std::string drawn(const LlamaVocab& vocab, const Grammar& start, std::mt19937& dice, int most) {
  std::string text;
  std::shared_ptr<const Grammar> point = start.after(vocab.tokenize("[", false, false)[0]);
  for (int n = 0; n < most; ++n) {
    const std::vector<bool> allowed = point->allowed();
    EXPECT_TRUE(any(allowed)) << '[' << text;
    if (allowed[static_cast<std::size_t>(vocab.eos()[0])]) return '[' + text;
    std::vector<Token> choice;
    for (Token token = 0; token < vocab.size(); ++token) {
      const bool is_allowed = allowed[static_cast<std::size_t>(token)];
      const std::string_view bytes = vocab.bytes(token);
      const bool is_blank = bytes.find_first_not_of(" \n\t") == bytes.npos;
      if (is_allowed && (!is_blank || bytes.empty())) choice.push_back(token);
      if (token % 16 != n % 16) continue;  // a sample: each takes a walk of its own
      EXPECT_EQ(any(point->after(token)->allowed()), is_allowed) << '[' << text << " then " << bytes;
    }
    if (choice.empty()) return "";
    const Token token = choice[dice() % choice.size()];
    text += vocab.bytes(token);
    point = point->after(token);
  }
  return "";
}

bool all_differ(const std::string& text) {
  const auto array = nlohmann::json::parse(text);
  for (auto one = array.begin(); one != array.end(); ++one) {
    if (std::find(std::next(one), array.end(), *one) != array.end()) return false;
  }
  return true;
}

// Few values each, so that arrays use up what there is: a text that could not end would be met.
TEST(UniqueItems, TextsThatUseUpAllValuesEnd) {
  const std::pair<const char*, std::size_t> schemas[] = {
      {R"({"type":"string","pattern":"^[ab]{0,2}$"})", 7},
      {R"({"type":"integer","minimum":-1,"maximum":12})", 14},
      {R"({"type":["boolean","null"]})", 3},
      {R"({"type":"string","pattern":"^(a|ab|abc|b)$"})", 4},
      {R"({"type":"object","properties":{"k":{"enum":["x","xy"]},"v":{"type":"boolean"}},"required":["k"],"additionalProperties":false})",
       6},
      {R"({"type":"array","items":{"type":"boolean"},"uniqueItems":true,"minItems":1})", 4},
      {R"({"type":"object","patternProperties":{"^[ab]$":{"const":1}},"additionalProperties":false})", 4},
      {R"({"anyOf":[{"const":"a"},{"type":"string","pattern":"^a?$"},{"const":[1]}]})", 3}};
  const LlamaVocab& vocab = model_file(kMicro)->vocab();
  std::mt19937 dice(17);
  for (const auto& [items, n] : schemas) {
    const std::string schema = std::string(R"({"type":"array","uniqueItems":true,"items":)") + items + '}';
    const auto start = vocab.grammar(json_schema_to_gbnf(schema));
    std::size_t most = 0;
    for (int i = 0; i < 30; ++i) {
      // Without an end before the last value: the brackets close only where nothing else may stand.
      std::shared_ptr<const Grammar> point = start->after(vocab.tokenize("[", false, false)[0]);
      std::string text = "[";
      for (;;) {
        const std::vector<bool>& allowed = point->allowed();
        std::vector<Token> choice, closing;
        for (Token token = 0; token < vocab.size(); ++token) {
          const std::string_view bytes = vocab.bytes(token);
          if (!allowed[static_cast<std::size_t>(token)] || bytes.size() > 1) continue;
          if (bytes.empty() || std::string_view(" \n\t\\").find(bytes[0]) != bytes.npos) continue;
          (bytes == "]" ? closing : choice).push_back(token);
        }
        if (choice.empty() && closing.empty()) break;
        const bool closes = choice.empty() || (!closing.empty() && dice() % 4 == 0 && i % 2 == 0);
        const Token token = closes ? closing[0] : choice[dice() % choice.size()];
        text += vocab.bytes(token);
        point = point->after(token);
      }
      ASSERT_TRUE(point->allowed()[static_cast<std::size_t>(vocab.eos()[0])]) << schema << ' ' << text;
      EXPECT_TRUE(all_differ(text)) << text;
      most = std::max(most, nlohmann::json::parse(text).size());
    }
    EXPECT_EQ(most, n) << schema;
  }
}

TEST(UniqueItems, ExactlyTheTokensThatLeadSomewhereAreAllowed) {
  const char* schemas[] = {
      R"({"type":"array","uniqueItems":true,"minItems":3,"maxItems":5,"items":{"type":"string","pattern":"^[a-c]{1,2}$"}})",
      R"({"type":"array","uniqueItems":true,"minItems":3,"maxItems":4,"items":{"type":"integer","minimum":8,"maximum":12}})",
      R"({"type":"array","uniqueItems":true,"minItems":2,"maxItems":3,"items":{"type":"number","minimum":0,"maximum":0.2}})",
      R"({"anyOf":[{"type":"array","uniqueItems":true,"items":{"enum":["a",1]},"prefixItems":[{"const":"a"}]},{"type":"array","items":{"const":"a"},"maxItems":3,"minItems":3}]})",
      R"({"type":"array","minItems":2,"maxItems":3,"uniqueItems":true,"items":{"type":"array","minItems":1,"maxItems":2,"uniqueItems":true,"items":{"type":"boolean"}}})"};
  std::mt19937 dice(4);
  for (const char* name : {kMicro, kQ4_0}) {
    const LlamaVocab& vocab = model_file(name)->vocab();
    for (const char* schema : schemas) {
      const auto start = vocab.grammar(json_schema_to_gbnf(schema));
      for (int i = 0; i < (std::string_view(name) == kMicro ? 20 : 1); ++i) {
        const std::string text = drawn(vocab, *start, dice, 120);
        if (!text.empty() && std::string_view(schema).find("anyOf") == std::string_view::npos) {
          EXPECT_TRUE(all_differ(text)) << text;
        }
      }
    }
  }
}

bool accepts(const std::string& schema, std::string_view text) {
  return !check_text(parse_gbnf(json_schema_to_gbnf(schema)), text);
}

TEST(UniqueItems, AnArrayThatMayBeMeantOtherwiseIsReadBothWays) {
  const std::string schema =
      R"({"anyOf":[{"type":"array","uniqueItems":true,"items":{"type":"integer"}},{"type":"array","items":{"enum":[5]},"minItems":3}]})";
  for (const char* text : {"[5,5,5]", "[5,4]", "[5]", "[5,5,5,5]"}) EXPECT_TRUE(accepts(schema, text)) << text;
  for (const char* text : {"[5,5]", "[5,4,5]", "[5,5,5,4]", "[4,4,4]"}) EXPECT_FALSE(accepts(schema, text)) << text;
}

class FewTokens final : public Vocab {
 public:
  explicit FewTokens(std::vector<std::string> texts) : texts_(std::move(texts)) { texts_.emplace_back(); }
  int size() const override { return static_cast<int>(texts_.size()); }
  std::string_view bytes(Token token) const override { return texts_[static_cast<std::size_t>(token)]; }
  std::string_view piece(Token token) const override { return bytes(token); }
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view, bool, bool) const override { return {}; }

 private:
  std::vector<std::string> texts_;
  std::vector<Token> eos_;
};

TEST(UniqueItems, TokensOfSeveralItemsAreReadToTheirEnds) {
  const FewTokens vocab({"[1,1", "[1,2", "[1,1]", "[1,2]", "[", "1,1", "1,2", ",1", ",2", ",2,2", "]", "1,2]", "1],"});
  const auto grammar =
      make_grammar(parse_gbnf(json_schema_to_gbnf(
                       R"({"type":"array","uniqueItems":true,"items":{"type":"integer","minimum":1,"maximum":9}})")),
                   vocab, std::make_shared<const TokenTrie>(vocab), {});
  const auto tokens = [&](const Grammar& point) {
    std::vector<std::string> result;
    for (Token token = 0; token < vocab.size(); ++token) {
      if (point.allowed()[static_cast<std::size_t>(token)]) result.emplace_back(vocab.bytes(token));
    }
    return result;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(tokens(*grammar), (Texts{"[1,2", "[1,2]", "["}));
  EXPECT_EQ(tokens(*grammar->after(4)), (Texts{"1,2", "]", "1,2]"}));
  EXPECT_EQ(tokens(*grammar->after(1)), (Texts{"]"}));
  EXPECT_EQ(tokens(*grammar->after(4)->after(5)), Texts{});
}

TEST(UniqueItems, MoreThanThereAreIsRefusedBeforeAnythingIsWritten) {
  const auto refusal = [](const std::string& schema) -> std::string {
    try {
      json_schema_to_gbnf(R"({"type":"array","uniqueItems":true,)" + schema + '}');
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  for (
      const char* schema :
      {R"("minItems":3,"items":{"type":"boolean"})", R"("minItems":3,"items":{"type":"string","pattern":"^[ab]$"})",
       R"("minItems":2,"items":{"type":"string","maxLength":0})",
       R"("minItems":4,"items":{"type":"integer","minimum":1,"maximum":3})",
       R"("minItems":2,"prefixItems":[{"const":1},{"const":1}])",
       R"("minItems":3,"items":{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false})",
       R"("minItems":6,"items":{"type":"array","items":{"type":"boolean"},"minItems":3,"uniqueItems":true})"}) {
    EXPECT_NE(refusal(schema), "") << schema;
  }
  for (
      const char* schema :
      {R"("minItems":2,"items":{"type":"boolean"})", R"("minItems":3,"items":{"type":"string","pattern":"^[ab]?$"})",
       R"("minItems":9)", R"("minItems":3,"items":{"type":"integer","minimum":1,"maximum":3})",
       R"("minItems":30,"items":{"type":"string"})",
       R"("minItems":9,"items":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})",
       R"("minItems":4,"items":{"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"boolean"}},"required":["a","b"]})"}) {
    EXPECT_EQ(refusal(schema), "") << schema;
  }
}

TEST(UniqueItems, ARuleOfThatNameIsABracket) {
  const LlamaVocab& vocab = model_file(kMicro)->vocab();
  const std::string rest = "root ::= unique-json-items item (\",\" item)* \"]\"\nitem ::= [0-9]+\n";
  EXPECT_THROW((void)vocab.grammar(rest + "unique-json-items ::= \"(\"\n"), Error);
  std::shared_ptr<const Grammar> point = vocab.grammar(rest + "unique-json-items ::= \"[\"\n");
  for (const char* c : {"[", "1", ",", "1"}) point = point->after(vocab.tokenize(c, false, false)[0]);
  const auto allowed = [&](const char* c) {
    return point->allowed()[static_cast<std::size_t>(vocab.tokenize(c, false, false)[0])];
  };
  EXPECT_FALSE(allowed(","));
  EXPECT_FALSE(allowed("]"));
  EXPECT_TRUE(allowed("2"));
}

}  // namespace
}  // namespace decant
