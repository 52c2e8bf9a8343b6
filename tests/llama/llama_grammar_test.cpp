// Grammars on real vocabularies, against libllama's own sampler.
#include "llama/llama_grammar.h"

#include <gtest/gtest.h>
#include <llama.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "processors/grammar_constraint.h"
#include "schema/json_schema.h"
#include "support/paths.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr const char* kJson = R"gbnf(
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws     ::= | " " | "\n" [ \t]{0,20}
)gbnf";
constexpr const char* kList = "root ::= item+\nitem ::= \"- \" [^\\r\\n]{1,40} \"\\n\"\n";
constexpr const char* kArithmetic = R"gbnf(
root  ::= (expr "=" ws term "\n")+
expr  ::= term ([-+*/] term)*
term  ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num   ::= [0-9]+ ws
ws    ::= [ \t\n]*
)gbnf";
constexpr const char* kJapanese =
    "root ::= jp-char+ ([ \\t\\n] jp-char+)*\n"
    "jp-char ::= [ぁ-ゟ] | [ァ-ヿ] | [、-〾] | [一-龯]\n";
constexpr const char* kNoAccent = "root ::= [^é\"]* \"\\\"\"\n";
constexpr const char* kChoice = "root ::= \"yes\" | \"no\" | \"yes, \" ( \"but\" | \"b\" . \"t\" )? | \"don't know\"\n";

// libllama's sampler, applied to every token of the vocabulary.
class Oracle {
 public:
  Oracle(const LlamaVocab& vocab, const char* gbnf)
      : vocab_(vocab), sampler_(llama_sampler_init_grammar(vocab.handle(), gbnf, "root")) {}
  Oracle(const Oracle& other) : vocab_(other.vocab_), sampler_(llama_sampler_clone(other.sampler_)) {}
  ~Oracle() { llama_sampler_free(sampler_); }

  std::vector<bool> allowed() const {
    std::vector<llama_token_data> data;
    for (Token token = 0; token < vocab_.size(); ++token) data.push_back({token, 0, 0});
    llama_token_data_array candidates{data.data(), data.size(), -1, false};
    llama_sampler_apply(sampler_, &candidates);
    std::vector<bool> allowed(data.size());
    for (const llama_token_data& each : data) allowed[each.id] = each.logit == 0;
    return allowed;
  }
  void accept(Token token) { llama_sampler_accept(sampler_, token); }

 private:
  const LlamaVocab& vocab_;
  llama_sampler* sampler_;
};

// The characters begun in `text` can still become UTF-8.
bool can_be_utf8(std::string text) {
  if (is_valid_utf8(text)) return true;
  for (const char* rest : {"\x80", "\xA0", "\x90", "\x80\x80", "\xA0\x80", "\x90\x80", "\x80\x80\x80", "\xA0\x80\x80",
                           "\x90\x80\x80", "\x8F"}) {
    if (is_valid_utf8(text + rest)) return true;
  }
  return false;
}

// "" when both allow the same tokens, except those that no text holds.
std::string difference(const Grammar& grammar, const Oracle& oracle, const LlamaVocab& vocab, const std::string& text) {
  const std::vector<bool> found = grammar.allowed(), expected = oracle.allowed();
  const std::string tail = text.substr(text.size() - std::min<std::size_t>(text.size(), 3));
  std::string unfinished;
  for (std::size_t i = 0; i <= tail.size(); ++i) {
    if (!is_valid_utf8(tail.substr(i)) && (static_cast<unsigned char>(tail[i]) & 0xC0) == 0xC0)
      unfinished = tail.substr(i);
  }
  for (Token token = 0; token < vocab.size(); ++token) {
    const bool is_eos = std::find(vocab.eos().begin(), vocab.eos().end(), token) != vocab.eos().end();
    const bool is_text = !vocab.bytes(token).empty() && can_be_utf8(unfinished + std::string(vocab.bytes(token)));
    const bool should = expected[token] && (is_eos || is_text);
    if (found[token] != should) {
      return fmt::format("after {:?}: token {} {:?} is {}, libllama says {}", text, token, vocab.bytes(token),
                         found[token], expected[token] ? "yes" : "no");
    }
  }
  return "";
}

// A token that may come next: half of the time one that is part of a character, if there is one.
Token pick(const std::vector<bool>& allowed, const LlamaVocab& vocab, std::uint32_t& seed) {
  const auto random = [&seed](std::size_t n) { return (seed = seed * 1664525u + 1013904223u) / 65536u % n; };
  std::vector<Token> all, parts;
  for (Token token = 0; token < vocab.size(); ++token) {
    if (!allowed[token]) continue;
    all.push_back(token);
    if (!is_valid_utf8(vocab.bytes(token))) parts.push_back(token);
  }
  if (all.empty()) return -1;
  if (!parts.empty() && random(2) == 0) return parts[random(parts.size())];
  return all[random(all.size())];
}

struct Case {
  const char* name;
  const char* gbnf;
  int walks, steps;
};
constexpr Case kCases[] = {
    {"json", kJson, 3, 25},         {"list", kList, 2, 25},       {"arithmetic", kArithmetic, 2, 25},
    {"japanese", kJapanese, 2, 20}, {"accent", kNoAccent, 2, 12}, {"choice", kChoice, 4, 6}};

void compare_with_libllama(const LlamaVocab& vocab) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    int points = 0;
    for (int walk = 0; walk < c.walks; ++walk) {
      std::unique_ptr<const Grammar> grammar = vocab.grammar(c.gbnf);
      Oracle oracle(vocab, c.gbnf);
      std::string text;
      std::uint32_t seed = static_cast<std::uint32_t>(walk) + 1;
      for (int step = 0; step < c.steps; ++step) {
        ASSERT_EQ(difference(*grammar, oracle, vocab, text), "");
        ++points;
        const Token token = pick(grammar->allowed(), vocab, seed);
        if (token < 0 || vocab.bytes(token).empty()) break;
        text += vocab.bytes(token);
        grammar = grammar->after(token);
        oracle.accept(token);
      }
    }
    EXPECT_GE(points, c.walks * 2);
  }
}

TEST(LlamaGrammar, AllowsWhatLibllamaAllows) { compare_with_libllama(model_file(kQ4_0)->vocab()); }
TEST(LlamaGrammar, AllowsWhatLibllamaAllowsInASmallVocabulary) { compare_with_libllama(model_file(kMicro)->vocab()); }

// Processor time: other programs may be running.
double milliseconds() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// The goal is 0.5 ms a step; libllama takes 10 to 20.
TEST(LlamaGrammar, AStepTakesLittleTime) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const std::string text = R"({"name": "Ada Lovelace", "age": 36, "tags": ["first", "programmer"],)"
                           R"( "address": {"city": "London", "zip": null}})";
  const auto tokens = vocab.tokenize(text, false, false);
  std::unique_ptr<const Grammar> grammar = vocab.grammar(kJson);
  const double begin = milliseconds();
  for (const Token token : tokens) {
    ASSERT_TRUE(grammar->allowed()[token]);
    grammar = grammar->after(token);
  }
  const double own = (milliseconds() - begin) / static_cast<double>(tokens.size());
  EXPECT_LT(own, 0.5);
  Oracle oracle(vocab, kJson);
  const double middle = milliseconds();
  oracle.allowed();
  EXPECT_GT((milliseconds() - middle) / own, 5);
  RecordProperty("milliseconds_a_step", std::to_string(own));
}

// ---- points of a text -----------------------------------------------------------------------------------------------

std::vector<Token> allowed_tokens(const Grammar& grammar) {
  std::vector<Token> tokens;
  const std::vector<bool>& allowed = grammar.allowed();
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (allowed[i]) tokens.push_back(static_cast<Token>(i));
  }
  return tokens;
}

Token token_of(const LlamaVocab& vocab, std::string_view text) {
  for (Token token = 0; token < vocab.size(); ++token) {
    if (vocab.bytes(token) == text) return token;
  }
  ADD_FAILURE() << "no token is " << text;
  return -1;
}

TEST(LlamaGrammar, TwoContinuationsOfOnePointDoNotDisturbEachOther) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const auto start = vocab.grammar("root ::= (\"a\" [0-3] | \"b\" [x-z])+");
  const auto a = start->after(token_of(vocab, "a")), b = start->after(token_of(vocab, "b"));
  const auto digits = allowed_tokens(*a), letters = allowed_tokens(*b);
  EXPECT_TRUE(a->allowed()[token_of(vocab, "2")]);
  EXPECT_FALSE(a->allowed()[token_of(vocab, "x")]);
  EXPECT_TRUE(b->allowed()[token_of(vocab, "y")]);
  EXPECT_FALSE(b->allowed()[token_of(vocab, "2")]);
  auto far = a->after(token_of(vocab, "0"));
  for (int i = 0; i < 20; ++i) far = far->after(token_of(vocab, i % 2 ? "y" : "b"));
  far.reset();
  EXPECT_EQ(allowed_tokens(*a), digits);
  EXPECT_EQ(allowed_tokens(*b), letters);
}

TEST(LlamaGrammar, APointOutlivesTheStart) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  auto start = vocab.grammar("root ::= \"ab\"");
  auto point = start->after(token_of(vocab, "a"));
  start.reset();
  EXPECT_EQ(allowed_tokens(*point), std::vector<Token>{token_of(vocab, "b")});
}

TEST(LlamaGrammar, TheEndIsPossibleExactlyWhereTheTextIsComplete) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const auto start = vocab.grammar("root ::= \"a\" \"b\"?");
  const Token eos = vocab.eos()[0];
  EXPECT_FALSE(start->allowed()[eos]);
  const auto a = start->after(token_of(vocab, "a"));
  EXPECT_TRUE(a->allowed()[eos]);
  EXPECT_EQ(allowed_tokens(*a->after(token_of(vocab, "b"))), std::vector<Token>{eos});
  EXPECT_EQ(allowed_tokens(*a->after(eos)), std::vector<Token>{eos}) << "behind the end only the end";
  EXPECT_EQ(allowed_tokens(*start->after(eos)), std::vector<Token>{}) << "the end came too early";
}

TEST(LlamaGrammar, OtherTokensCanEndTheText) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const Token control = 0, far = 1 << 30;
  ASSERT_EQ(vocab.bytes(control), "");
  const auto start = vocab.grammar("root ::= \"\"", std::vector<Token>{control, far, -1});
  EXPECT_EQ(allowed_tokens(*start), std::vector<Token>{control});
}

TEST(LlamaGrammar, ImpossibleTokensLeadNowhere) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const auto start = vocab.grammar("root ::= .*");
  for (const Token token : {-1, -100, vocab.size(), 1 << 30, 0, 1}) {
    ASSERT_TRUE(token < 0 || token >= vocab.size() || vocab.bytes(token).empty());
    EXPECT_EQ(allowed_tokens(*start->after(token)), std::vector<Token>{}) << token;
    EXPECT_EQ(allowed_tokens(*start->after(token)->after(token)), std::vector<Token>{});
  }
}

TEST(LlamaGrammar, ControlTokensAreNoText) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const auto start = vocab.grammar("root ::= \"<|im_start|>\" .*");
  for (const Token token : allowed_tokens(*start)) EXPECT_EQ(std::string("<|im_start|>").find(vocab.bytes(token)), 0u);
  Oracle oracle(vocab, "root ::= \"<|im_start|>\" .*");
  EXPECT_TRUE(oracle.allowed()[1]) << "libllama writes them, which is why we do not";
}

TEST(LlamaGrammar, ControlTokensThatItNamesAreThemselves) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const Token first = 8, second = 9;
  ASSERT_EQ(std::string(vocab.bytes(first)) + std::string(vocab.bytes(second)), "");
  const char* gbnf = "root ::= \"a\" (<[8]> [^b] | \"é\") [^b] <[9]>+ | <[8]> \"c\"";
  const Token a = token_of(vocab, "a"), c = token_of(vocab, "c"), x = token_of(vocab, "x");
  // Before each token the control tokens that may come: libllama takes the texts of their names for text too.
  const std::vector<std::pair<Token, std::vector<Token>>> ways[] = {
      {{a, {first}}, {first, {first}}, {x, {}}, {x, {}}, {second, {second}}, {second, {second}}},
      {{first, {first}}, {c, {}}}};
  for (const auto& way : ways) {
    std::unique_ptr<const Grammar> grammar = vocab.grammar(gbnf);
    Oracle oracle(vocab, gbnf);
    for (const auto& [token, named] : way) {
      const std::vector<bool> found = grammar->allowed(), expected = oracle.allowed();
      for (Token each = 0; each < vocab.size(); ++each) {
        const bool is_text = !vocab.bytes(each).empty() && is_valid_utf8(vocab.bytes(each));
        const bool is_named = std::find(named.begin(), named.end(), each) != named.end();
        const bool may_come = is_text ? expected[each] : is_named;
        if (is_text || each == first || each == second) {
          ASSERT_EQ(found[each], may_come) << each << " before " << token;
        }
      }
      ASSERT_TRUE(found[token] && expected[token]);
      grammar = grammar->after(token);
      oracle.accept(token);
    }
  }
  const auto start = vocab.grammar(gbnf);
  EXPECT_EQ(allowed_tokens(*start->after(second)), std::vector<Token>{});
  EXPECT_EQ(start->after(token_of(vocab, "a"))->forced(10), "");
  EXPECT_NE(start->after(first)->forced(10), "");
  for (const auto& [wrong, reason] :
       {std::pair("root ::= <[999999]>", "none of that number"), std::pair("root ::= <[300]>", "it is text"),
        std::pair("root ::= <[2]>", "it ends")}) {
    try {
      vocab.grammar(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  }
}

TEST(LlamaGrammar, NothingIsLeft) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  Scores scores;
  const std::vector<float> logits(static_cast<std::size_t>(vocab.size()), 1);
  scores.reset(logits);
  GrammarConstraint("grammar", vocab.grammar("root ::= []"))(scores, {});
  EXPECT_EQ(scores.kept(), 1) << "[] is the empty text, as in libllama";
  scores.reset(logits);
  GrammarConstraint("grammar", vocab.grammar("root ::= [^\\x00-\\U0010FFFF]"))(scores, {});
  EXPECT_EQ(scores.kept(), 0);
  scores.reset(logits);
  scores.keep_if([&vocab](Token token, float) { return token != vocab.eos()[0]; });
  GrammarConstraint("grammar", vocab.grammar("root ::= \"\""))(scores, {});
  EXPECT_EQ(scores.kept(), 0) << "the text is complete, and its end is banned";
}

// ---- texts that are no grammar --------------------------------------------------------------------------------------

std::string refusal(std::string_view gbnf) {
  try {
    parse_gbnf(gbnf);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

std::string repeated(std::string_view text, int n) {
  std::string result;
  for (int i = 0; i < n; ++i) result += text;
  return result;
}

// Rules come back to themselves, but nothing is left to come behind them.
TEST(LlamaGrammar, WhatMayBeEmptyMayBeRepeated) {
  const LlamaVocab& vocab = model_file(kMicro)->vocab();  // every byte is a token of it
  const auto contains = [&vocab](std::string_view gbnf, std::string_view text) {
    std::shared_ptr<const Grammar> point = vocab.grammar(gbnf);
    for (const Token token : vocab.tokenize(text, false, false)) point = point->after(token);
    return point->allowed()[vocab.eos()[0]];
  };
  for (const char* gbnf : {"root ::= ( [x]* )*", "root ::= (\"x\"?)*", "root ::= (\"x\"?)+", "root ::= ((\"x\"*)*)*",
                           "root ::= a*\na ::= b | \"\"\nb ::= \"x\"*", "root ::= (a | b)*\na ::= \"x\"?\nb ::= a a"}) {
    SCOPED_TRACE(gbnf);
    for (const char* text : {"", "x", "xxxx"}) EXPECT_TRUE(contains(gbnf, text)) << text;
    for (const char* text : {"y", "xy"}) EXPECT_FALSE(contains(gbnf, text)) << text;
  }
  EXPECT_TRUE(contains("root ::= (sp | nl)* \"x\"\nsp ::= \" \"*\nnl ::= [\\n]*", " \n\n x"));
}

// Nothing goes into a way that has no end.
TEST(LlamaGrammar, EndlessWaysAreNotEntered) {
  const LlamaVocab& vocab = model_file(kMicro)->vocab();
  const auto start = vocab.grammar("root ::= \"a\" | \"b\" loop | \"c\" loop?\nloop ::= \"d\" loop");
  std::string first;
  for (const Token token : allowed_tokens(*start)) first += vocab.bytes(token);
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, "ac");
  EXPECT_EQ(allowed_tokens(*start->after(vocab.tokenize("c", false, false)[0])), vocab.eos());
}

TEST(LlamaGrammar, ABadGrammarIsOneSentence) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "it has no rule named root"},
      {" # nothing\n", "it has no rule named root"},
      {"start ::= \"a\"", "it has no rule named root"},
      {"a ::= root\na ::= \"x\"", "it has no rule named root"},
      {"root ::= a", "rule a is used but not defined"},
      {"root ::= \"a\n", "line 1, column"},
      {"root ::= \"a\"\nb := \"c\"", "line 2, column 3: expecting ::="},
      {"root ::= (\"a\"", "expecting ')'"},
      {"root ::= \"a\")", "expecting newline or end"},
      {"root ::= [a-", "unexpected end of input"},
      {"root ::= \"\\q\"", "unknown escape"},
      {"root ::= \"\\xZZ\"", "expecting 2 hex chars"},
      {"root ::= *", "expecting preceding item"},
      {"root ::= \"a\"{x}", "expecting an int"},
      {"root ::= \"a\"{1,2", "expecting '}'"},
      {"root ::= root \"a\" | \"b\"", "rule root can begin with itself"},
      {"root ::= a \"x\"\na ::= b\nb ::= a | \"y\"", "can begin with itself"},
      {"root ::= e root \"x\" | \"y\"\ne ::= f\nf ::= \"\"", "rule root can begin with itself"},
      {"root ::= a\na ::= (\"x\" | a \"y\")*", "rule a can begin with itself"},
      {"root ::= a | b\nb ::= c? b \"y\" | \"z\"\nc ::= \"x\"*\na ::= \"a\"", "rule b can begin with itself"},
      {"root ::= \"a\" root", "none of its texts has an end"},
      {"root ::= a b\na ::= \"a\"\nb ::= \"b\" b | \"c\" root", "none of its texts has an end"},
      {"root ::= \"a\"{1000000}", "column 14: a repetition of more than 2000"},
      {"root ::= \"a\"{0,99999999999999999999}", "a repetition of more than 2000"},
      {"root ::= \"a\"{2,1}", "a repetition that ends before it begins"},
      {"root ::= \"a\"{2000}{2000}", "make the grammar too large"},
      {"root ::= \"" + std::string(2000, 'a') + "\"{2000}", "make the grammar too large"},
      {"root ::= " + repeated("(", 100000), "more than 200 parentheses"},
      {std::string(100000, 'a'), "a name of more than 256"},
      {"root ::= <[x]>", "a token in angle brackets"},
      {"root ::= <[1234567890]>", "a token in angle brackets"},
      {"root ::= <[12", "a token in angle brackets"},
      {"root ::= !<[12]>", "a token in angle brackets"},
      {"root ::= !<|im_end|>", "a token in angle brackets"},
      {"root ::= \"\xff\"", "line 1, column 11: a byte that is not UTF-8"},
      {std::string("root ::= \"a\"\0 x", 15), "a NUL character"},
      {std::string((16 << 20) + 1, ' '), "more than 16 MiB"}};
  for (const auto& [gbnf, reason] : cases) {
    const std::string sentence = refusal(gbnf);
    EXPECT_TRUE(sentence.starts_with("grammar: ")) << gbnf.substr(0, 100) << ": " << sentence;
    EXPECT_NE(sentence.find(reason), sentence.npos) << gbnf.substr(0, 100) << ": " << sentence;
    EXPECT_LT(sentence.size(), 250u);
    EXPECT_EQ(sentence.find('\n'), sentence.npos);
  }
}

TEST(LlamaGrammar, NothingIsPrinted) {
  ::testing::internal::CaptureStderr();
  refusal("root ::= (\"a\"");
  refusal("root ::= root");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(LlamaGrammar, LargeGrammarsAreTaken) {
  std::string chain = "root ::= r0\n";
  for (int i = 0; i < 20000; ++i) chain += fmt::format("r{} ::= r{}\n", i, i + 1);
  EXPECT_EQ(refusal(chain + "r20000 ::= \"a\""), "");
  EXPECT_EQ(refusal("root ::= [a-z]{0,2000} \"!\" [a-z]{2000}"), "");
  EXPECT_EQ(refusal("root ::= " + repeated("(", 150) + "\"a\"" + repeated(")", 150)), "");
}

// Each new letter doubles the ways to read the text, or there are too many from the start.
TEST(LlamaGrammar, TooManyReadingsAreAnError) {
  const LlamaVocab& vocab = model_file(kMicro)->vocab();
  const std::string optional = "root ::= " + repeated("\"a\"? ", 3000);
  std::string binary;
  for (int i = 0; i < 40; ++i) binary += fmt::format("r{0} ::= r{1} r{1}\n", i, i + 1);
  const std::string cases[] = {"root ::= \"(\" root \"b\" | \"(\" root \"c\" | \"x\"", optional,
                               "root ::= r0\n" + binary + "r40 ::= \"a\"?"};
  for (const std::string& gbnf : cases) {
    std::string reason;
    try {
      std::shared_ptr<const Grammar> point = vocab.grammar(gbnf);
      for (int i = 0; i < 50; ++i) {
        const bool bracket = gbnf[10] == '(';
        point = point->after(token_of(vocab, bracket ? "(" : "a"));
        point->allowed();
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      reason = error.what();
    }
    EXPECT_NE(reason.find("too many ways"), reason.npos) << gbnf.substr(0, 60);
  }
}

// ---- damaged texts --------------------------------------------------------------------------------------------------

// Anything but an Error, and above all a crash, a hang or an abort, fails.
TEST(LlamaGrammar, DamagedTextsAreGrammarsOrErrors) {
  const LlamaVocab& vocab = model_file(kMicro)->vocab();
  const std::string pieces[] = {"root",         "::=",       "|", "(",     ")", "\"a\"", "[a-z]", "[^",
                                "{2,3}",        "{1000000}", "*", "+",     "?", "\n",    ".",     "\\",
                                "\"",           "]",         "x", "<[1]>", "!", "#",     "\xff",  std::string(1, '\0'),
                                "ws ::= \" \"", "-",         "é"};
  std::uint32_t seed = 1;
  const auto random = [&seed](std::size_t n) { return (seed = seed * 1664525u + 1013904223u) / 65536u % n; };
  int grammars = 0, steps = 0;
  for (int round = 0; round < 30000; ++round) {
    std::string text = kCases[random(std::size(kCases))].gbnf;
    for (std::size_t edits = random(4) + 1; edits > 0; --edits) {
      const std::size_t at = random(text.size() + 1);
      switch (random(4)) {
        case 0:
          text.insert(at, pieces[random(std::size(pieces))]);
          break;
        case 1:
          text.erase(at, random(12));
          break;
        case 2:
          text.insert(at, 1, static_cast<char>(random(256)));
          break;
        default:
          text.insert(at, text.substr(random(text.size() + 1), random(40)));
      }
    }
    try {
      std::shared_ptr<const Grammar> point = vocab.grammar(text);
      ++grammars;
      for (int step = 0; step < 5; ++step, ++steps) {
        const Token token = pick(point->allowed(), vocab, seed);
        if (token < 0) break;
        point = point->after(token);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
    }
  }
  EXPECT_GT(grammars, 1000);
  EXPECT_GT(steps, 1000);
}

TEST(LlamaGrammar, DamagedSchemasAreSchemasOrErrors) {
  std::ifstream file(test::schemas_folder() / "features.jsonl");
  std::vector<std::string> schemas;
  for (std::string line; std::getline(file, line);)
    schemas.push_back(nlohmann::ordered_json::parse(line)["schema"].dump());
  ASSERT_GE(schemas.size(), 25u);
  const std::string pieces[] = {"{",
                                "}",
                                "[",
                                "]",
                                ",",
                                ":",
                                "\"",
                                "null",
                                "true",
                                "false",
                                "-1",
                                "1e308",
                                "18446744073709551616",
                                "\"$ref\":\"#\",",
                                "\"allOf\":[{}],",
                                "\"not\":{},",
                                "\"type\":\"array\",",
                                "\"items\":{},",
                                "\"enum\":[1],",
                                "\"pattern\":\"(\",",
                                "\\u0000",
                                "\xc3",
                                "\"minLength\":1e9,",
                                "\"required\":[\"q\"],"};
  std::uint32_t seed = 2;
  const auto random = [&seed](std::size_t n) { return (seed = seed * 1664525u + 1013904223u) / 65536u % n; };
  int grammars = 0;
  for (int round = 0; round < 8000; ++round) {
    std::string text = schemas[random(schemas.size())];
    for (std::size_t edits = random(2) + 1; edits > 0; --edits) {
      const std::size_t brace = text.find('{', random(text.size() + 1));
      const std::size_t at = random(2) && brace != text.npos ? brace + 1 : random(text.size() + 1);
      switch (random(3)) {
        case 0:
          text.insert(at, pieces[random(std::size(pieces))]);
          break;
        case 1:
          text.erase(at, random(6));
          break;
        default:
          text.insert(at, 1, static_cast<char>(random(256)));
      }
    }
    try {
      parse_gbnf(json_schema_to_gbnf(text));
      ++grammars;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
      EXPECT_TRUE(std::string(error.what()).starts_with("json_schema: ")) << error.what() << "\n" << text;
    }
  }
  EXPECT_GT(grammars, 500);
}

}  // namespace
}  // namespace decant
