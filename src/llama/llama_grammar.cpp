// Tested by tests/llama/llama_grammar_test.cpp.
#include "llama/llama_grammar.h"

#include <llama-grammar.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "base/unique_items_rule.h"
#include "base/utf8.h"
#include "grammar/grammar_automaton.h"

namespace decant {
namespace {

constexpr std::size_t kMaxText = 16 << 20;
constexpr int kMaxDepth = 200;  // of parentheses: the parser recurses
constexpr std::int64_t kMaxRepetition = 2000;
constexpr std::int64_t kMaxCopies = 1 << 19;  // of symbols and rules, by all repetitions together
constexpr std::size_t kMaxName = 256;

[[noreturn]] void refuse(std::string_view text, std::size_t at, std::string_view reason) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t begin = before.rfind('\n') + 1;  // 0 for none
  throw Error(ErrorKind::usage, "grammar: line {}, column {}: {}", line, at - begin + 1, reason);
}

// ---- what the parser would not survive ------------------------------------------------------------------------------

// Goes over the text as the parser will, in pieces, and throws where the parser would overflow its stack or the memory.
class Guard {
 public:
  explicit Guard(std::string_view text) : text_(text) {}

  void check() {
    while (at_ < text_.size()) {
      switch (const char c = text_[at_]) {
        case '#':
          at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
          break;
        case '"':
          item(quoted('"'));
          break;
        case '[':
          item(quoted(']'));
          break;
        case '<':
        case '!':
          token();
          break;
        case '(':
          open();
          break;
        case ')':
          --depth_, item(1);
          break;
        case '{':
          repeat();
          break;
        default:
          is_word(c) ? word() : void(++at_);
      }
    }
  }

 private:
  static bool is_word(char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '-';
  }

  // Leaves at_ on the closing character. The number of characters between.
  std::int64_t quoted(char close) {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != close) at_ += text_[at_] == '\\' ? 2 : 1;
    return static_cast<std::int64_t>(at_ - begin);
  }

  void item(std::int64_t size) {
    size_ = size;
    ++at_;
  }

  // A control token, as <[12]>.
  void token() {
    constexpr std::size_t most_digits = 9;
    const std::size_t close = std::min(text_.find_first_not_of("0123456789", at_ + 2), text_.size());
    const std::size_t digits = close - std::min(at_ + 2, close);
    if (!text_.substr(at_).starts_with("<[") || digits == 0 || digits > most_digits ||
        !text_.substr(close).starts_with("]>"))
      refuse(text_, at_, "a token in angle brackets: grammars are of text here, write the text in quotes");
    at_ = close + 1;
    item(1);
  }

  void open() {
    if (++depth_ > kMaxDepth) refuse(text_, at_, fmt::format("more than {} parentheses inside each other", kMaxDepth));
    ++at_;
  }

  void word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ - begin > kMaxName) refuse(text_, begin, fmt::format("a name of more than {} characters", kMaxName));
    size_ = 1;
  }

  void repeat() {
    const std::size_t begin = at_++;
    std::int64_t most = 0;  // the larger of the one or two numbers
    for (; at_ < text_.size() && text_[at_] != '}'; ++at_) {
      if (text_[at_] < '0' || text_[at_] > '9') continue;
      std::int64_t count = 0;
      const auto [end, error] = std::from_chars(&text_[at_], text_.data() + text_.size(), count);
      if (error != std::errc() || count > kMaxRepetition) {
        refuse(text_, at_, fmt::format("a repetition of more than {}", kMaxRepetition));
      }
      if (count < most) refuse(text_, at_, "a repetition that ends before it begins");
      most = count;
      at_ = static_cast<std::size_t>(end - text_.data()) - 1;
    }
    copies_ += size_ * most;
    if (copies_ > kMaxCopies) refuse(text_, begin, "the repetitions up to here make the grammar too large");
    size_ = size_ * std::max<std::int64_t>(most, 1) + 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::int64_t size_ = 1;  // of the last item, in symbols
  std::int64_t copies_ = 0;
};

void check_text(std::string_view text) {
  if (text.size() > kMaxText) throw Error(ErrorKind::usage, "grammar: {} bytes are more than 16 MiB", text.size());
  if (const auto at = find_invalid_utf8(text)) refuse(text, *at, "a byte that is not UTF-8");
  if (const auto at = text.find('\0'); at != text.npos) refuse(text, at, "a NUL character");
  Guard(text).check();
}

// ---- parsing --------------------------------------------------------------------------------------------------------

std::size_t skip_blanks(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && std::string_view(" \t\r\n#").find(text[at]) != std::string_view::npos) {
    at = text[at] == '#' ? std::min(text.find_first_of("\r\n", at), text.size()) : at + 1;
  }
  return at;
}

// The parser's messages end in "at" and the rest of the text.
[[noreturn]] void refuse_as(const std::string& text, std::size_t rule, std::string_view message) {
  for (std::size_t at = message.find(" at "); at != message.npos; at = message.find(" at ", at + 1)) {
    const std::string_view rest = message.substr(at + 4);
    if (text.ends_with(rest)) refuse(text, text.size() - rest.size(), message.substr(0, at));
  }
  refuse(text, rule, message);
}

llama_grammar_parser parse(const std::string& text) {
  llama_grammar_parser parser;
  const char* at = text.c_str() + skip_blanks(text);
  while (*at) {
    const char* rule = at;
    try {
      at = parser.parse_rule(at);
    } catch (const std::exception& failure) {
      refuse_as(text, static_cast<std::size_t>(rule - text.c_str()), failure.what());
    }
  }
  return parser;
}

// ---- conversion -----------------------------------------------------------------------------------------------------

class Converter {
 public:
  explicit Converter(const llama_grammar_parser& parser) : parser_(parser) {}

  GrammarRules convert() {
    const auto root = parser_.symbol_ids.find("root");
    if (root == parser_.symbol_ids.end() || !defined(root->second)) {
      throw Error(ErrorKind::usage, "grammar: it has no rule named root, where the text begins: root ::= ...");
    }
    result_.root = static_cast<int>(root->second);
    for (std::size_t id = 0; id < parser_.symbol_ids.size(); ++id) add_rule(id);
    if (const auto rule = left_recursive_rule(result_, named_by_the_text())) {
      throw Error(ErrorKind::usage,
                  "grammar: rule {} can begin with itself (left recursion): put what it adds behind it",
                  name(static_cast<std::uint32_t>(*rule)));
    }
    if (!drop_endless_sequences(result_)) {
      throw Error(ErrorKind::usage,
                  "grammar: none of its texts has an end: every way through root comes back to a rule");
    }
    find_unique_items();
    return std::move(result_);
  }

 private:
  void find_unique_items() {
    const auto found = parser_.symbol_ids.find(std::string(unique_items_rule));
    if (found == parser_.symbol_ids.end() || !defined(found->second)) return;
    const std::vector<int>& sequences = result_.rules[found->second];
    const auto is_bracket = [&](std::size_t at) {
      const Symbol symbol = result_.symbols[at], end = result_.symbols[at + 1];
      return symbol.kind == Symbol::chars && end.kind == Symbol::end &&
             result_.classes[static_cast<std::size_t>(symbol.index)] == CharClass{{{U'[', U'['}}};
    };
    if (sequences.size() != 1 || !is_bracket(static_cast<std::size_t>(sequences[0]))) {
      throw Error(ErrorKind::usage, "grammar: rule {} has to be \"[\": it opens a JSON array whose items differ",
                  unique_items_rule);
    }
    result_.unique = sequences[0];
  }

  // Not the rules that the parser makes of groups and repetitions and names "rule_number": the text has no underscore.
  std::vector<bool> named_by_the_text() const {
    std::vector<bool> result(parser_.symbol_ids.size());
    for (const auto& [name, id] : parser_.symbol_ids) result[id] = name.find('_') == name.npos;
    return result;
  }

  bool defined(std::size_t id) const { return id < parser_.rules.size() && !parser_.rules[id].empty(); }

  std::string_view name(std::uint32_t id) const {
    const auto found = std::find_if(parser_.symbol_ids.begin(), parser_.symbol_ids.end(),
                                    [id](const auto& symbol) { return symbol.second == id; });
    return found->first;
  }

  void add_rule(std::size_t id) {
    result_.rules.emplace_back();
    if (!defined(id)) return;  // harmless unless some rule refers to it
    const llama_grammar_rule& rule = parser_.rules[id];
    result_.rules.back().push_back(static_cast<int>(result_.symbols.size()));
    for (std::size_t at = 0; at < rule.size();) {
      switch (rule[at].type) {
        case LLAMA_GRETYPE_ALT:
          result_.symbols.push_back({Symbol::end});
          result_.rules.back().push_back(static_cast<int>(result_.symbols.size()));
          ++at;
          break;
        case LLAMA_GRETYPE_END:
          result_.symbols.push_back({Symbol::end});
          ++at;
          break;
        case LLAMA_GRETYPE_RULE_REF:
          if (!defined(rule[at].value)) {
            throw Error(ErrorKind::usage, "grammar: rule {} is used but not defined", name(rule[at].value));
          }
          result_.symbols.push_back({Symbol::rule, static_cast<int>(rule[at].value)});
          ++at;
          break;
        case LLAMA_GRETYPE_TOKEN: {
          const char32_t c = token_character(static_cast<Token>(rule[at++].value));
          result_.symbols.push_back({Symbol::chars, class_number({{{c, c}}})});
          break;
        }
        default:
          result_.symbols.push_back({Symbol::chars, class_number(char_class(rule, at))});
      }
    }
  }

  // Moves `at` behind the class.
  static CharClass char_class(const llama_grammar_rule& rule, std::size_t& at) {
    CharClass result;
    result.negated = rule[at].type == LLAMA_GRETYPE_CHAR_NOT || rule[at].type == LLAMA_GRETYPE_CHAR_ANY;
    if (rule[at].type == LLAMA_GRETYPE_CHAR_ANY) return ++at, result;
    do {
      const bool is_range = rule[at + 1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
      result.ranges.push_back({rule[at].value, rule[is_range ? at + 1 : at].value});
      at += is_range ? 2 : 1;
    } while (rule[at].type == LLAMA_GRETYPE_CHAR_ALT);
    return result;
  }

  int class_number(const CharClass& chars) {
    const auto [found, is_new] = classes_.try_emplace(chars, static_cast<int>(result_.classes.size()));
    if (is_new) result_.classes.push_back(chars);
    return found->second;
  }

  const llama_grammar_parser& parser_;
  GrammarRules result_;
  std::map<CharClass, int> classes_;
};

// ---- points of a text -----------------------------------------------------------------------------------------------

struct SharedAutomaton {
  std::shared_ptr<const TokenTrie> trie;
  GrammarAutomaton automaton;
};

class Point final : public Grammar {
 public:
  Point(std::shared_ptr<SharedAutomaton> shared, GrammarAutomaton::State state)
      : shared_(std::move(shared)), state_(state) {}

  const std::vector<bool>& allowed() const override { return shared_->automaton.allowed(state_); }
  std::string forced(std::size_t most) const override { return shared_->automaton.forced(state_, most); }
  std::unique_ptr<const Grammar> after(Token token) const override {
    return std::make_unique<Point>(shared_, shared_->automaton.after(state_, token));
  }

 private:
  std::shared_ptr<SharedAutomaton> shared_;
  GrammarAutomaton::State state_;
};

}  // namespace

GrammarRules parse_gbnf(std::string_view text) {
  check_text(text);
  return Converter(parse(std::string(text))).convert();
}

std::unique_ptr<const Grammar> make_grammar(GrammarRules rules, const Vocab& vocab,
                                            std::shared_ptr<const TokenTrie> trie, std::vector<Token> eos) {
  std::erase_if(eos, [&vocab](Token token) { return token < 0 || token >= vocab.size(); });
  const TokenTrie& texts = *trie;
  auto shared = std::make_shared<SharedAutomaton>(
      SharedAutomaton{std::move(trie), GrammarAutomaton(std::move(rules), vocab, texts, std::move(eos))});
  const auto start = shared->automaton.start();
  return std::make_unique<Point>(std::move(shared), start);
}

}  // namespace decant
