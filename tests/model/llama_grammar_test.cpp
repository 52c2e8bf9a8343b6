// Grammars on real vocabularies, against libllama's own sampler.
#include "model/llama_grammar.h"

#include <gtest/gtest.h>
#include <llama.h>

#include <chrono>

#include "base/utf8.h"
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
constexpr const char* kJapanese = "root ::= jp-char+ ([ \\t\\n] jp-char+)*\n"
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
  for (const char* rest : {"\x80", "\xA0", "\x90", "\x80\x80", "\xA0\x80", "\x90\x80", "\x80\x80\x80", "\xA0\x80\x80", "\x90\x80\x80", "\x8F"}) {
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
    if (!is_valid_utf8(tail.substr(i)) && (static_cast<unsigned char>(tail[i]) & 0xC0) == 0xC0) unfinished = tail.substr(i);
  }
  for (Token token = 0; token < vocab.size(); ++token) {
    const bool is_eos = std::find(vocab.eos().begin(), vocab.eos().end(), token) != vocab.eos().end();
    const bool is_text = !vocab.bytes(token).empty() && can_be_utf8(unfinished + std::string(vocab.bytes(token)));
    const bool should = expected[token] && (is_eos || is_text);
    if (found[token] != should) {
      return fmt::format("after {:?}: token {} {:?} is {}, libllama says {}", text, token, vocab.bytes(token), found[token],
                         expected[token] ? "yes" : "no");
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
constexpr Case kCases[] = {{"json", kJson, 3, 25},           {"list", kList, 2, 25},     {"arithmetic", kArithmetic, 2, 25},
                           {"japanese", kJapanese, 2, 20},   {"accent", kNoAccent, 2, 12}, {"choice", kChoice, 4, 6}};

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

TEST(LlamaGrammar, Speed) {
  const LlamaVocab& vocab = model_file(kQ4_0)->vocab();
  const auto seconds = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
  double t = seconds();
  std::unique_ptr<const Grammar> grammar = vocab.grammar(kJson);
  fmt::print("start {:.2f} ms\n", 1e3 * (seconds() - t));
  const std::string text = R"({"name": "Ada Lovelace", "age": 36, "tags": ["first", "programmer"], "address": {"city": "London", "zip": null}})";
  Oracle oracle(vocab, kJson);
  double own = 0, theirs = 0, worst = 0;
  int n = 0;
  for (const Token token : vocab.tokenize(text, false, false)) {
    t = seconds();
    grammar->allowed();
    grammar = grammar->after(token);
    const double one = seconds() - t;
    own += one;
    worst = std::max(worst, one);
    t = seconds();
    oracle.allowed();
    oracle.accept(token);
    theirs += seconds() - t;
    ++n;
  }
  fmt::print("{} steps: {:.3f} ms each (worst {:.3f}), libllama {:.3f} ms\n", n, 1e3 * own / n, 1e3 * worst, 1e3 * theirs / n);
}

}  // namespace
}  // namespace decant
