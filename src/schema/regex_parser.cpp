#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/utf8_reader.h"
#include "schema/regex_node.h"

namespace decant {
namespace {

using Node = Regex::Node;

constexpr std::size_t kMaxPattern = 100000;  // characters
constexpr int kMaxDepth = 50;
constexpr long kMaxCount = 1L << 30;

const CodePointSet kDigit = {{U'0', U'9'}};
const CodePointSet kWord = {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}};
const CodePointSet kSpace = {{0x9, 0xD},       {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                             {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const CodePointSet kLineEnds = {{0xA, 0xA}, {0xD, 0xD}, {0x2028, 0x2029}};

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::usage, what); }

bool is_surrogate(char32_t c) { return 0xD800 <= c && c <= 0xDFFF; }

// What a lookaround over one character, or over none at the text's edge, asks for there.
struct Neighbour {
  CodePointSet set;
  bool or_edge;
};

std::optional<Neighbour> as_neighbour(const Node& node, Node::Kind edge) {
  if (node.kind == Node::characters) return Neighbour{node.set, false};
  if (node.kind == edge && node.set.empty()) return Neighbour{{}, node.or_edge};
  if (node.kind == Node::sequence && node.parts.size() == 1) return as_neighbour(node.parts[0], edge);
  if (node.kind != Node::choice) return std::nullopt;
  Neighbour result{{}, false};
  for (const Node& part : node.parts) {
    const auto one = as_neighbour(part, edge);
    if (!one) return std::nullopt;
    result.set.insert(result.set.end(), one->set.begin(), one->set.end());
    result.or_edge = result.or_edge || one->or_edge;
  }
  result.set = united(std::move(result.set));
  return result;
}

class Parser {
 public:
  explicit Parser(std::u32string pattern) : pattern_(std::move(pattern)) {}

  Node parse() {
    Node node = alternatives(0);
    if (!done()) refuse("has a closing parenthesis too many");
    return node;
  }

 private:
  struct Flags {
    bool any_case = false, lines = false, dot_all = false;  // i, m, s
  };

  bool done() const { return at_ == pattern_.size(); }
  char32_t peek(std::size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : 0; }
  char32_t take() {
    if (done()) refuse("ends in the middle of something");
    return pattern_[at_++];
  }
  bool take_if(char32_t c) {
    if (done() || pattern_[at_] != c) return false;
    ++at_;
    return true;
  }

  // ---- structure ----------------------------------------------------------------------------------------------------

  Node alternatives(int depth) {
    if (depth > kMaxDepth) refuse(fmt::format("has more than {} groups inside each other", kMaxDepth));
    Node result{.kind = Node::choice};
    do {
      Node sequence{.kind = Node::sequence};
      while (!done() && peek() != U'|' && peek() != U')') {
        if (const auto flags = take_flags(U')')) {  // up to the end of the group
          flags_ = *flags;
        } else {
          sequence.parts.push_back(quantified(depth));
        }
      }
      result.parts.push_back(std::move(sequence));
    } while (take_if(U'|'));
    return result;
  }

  Node quantified(int depth) {
    Node part = atom(depth);
    Node result{.kind = Node::repeat};
    if (take_if(U'*')) {
      result.least = 0, result.most = -1;
    } else if (take_if(U'+')) {
      result.most = -1;
    } else if (take_if(U'?')) {
      result.least = 0;
    } else if (peek() == U'{') {
      count(result.least, result.most);
    } else {
      return part;
    }
    take_if(U'?');  // lazy
    if (!done() && std::u32string_view(U"*+?{").find(peek()) != std::u32string_view::npos)
      refuse("repeats a repetition");
    result.parts.push_back(std::move(part));
    return result;
  }

  void count(long& least, long& most) {
    take();
    least = number();
    most = least;
    if (take_if(U',')) most = peek() == U'}' ? -1 : number();
    if (!take_if(U'}')) refuse("has a brace that is no repetition");
    if (most >= 0 && most < least) refuse("has a repetition that ends before it begins");
  }

  long number() {
    long value = -1;
    for (; U'0' <= peek() && peek() <= U'9'; ++at_) {
      value = std::max(value, 0L) * 10 + static_cast<long>(peek() - U'0');
      if (value > kMaxCount) refuse(fmt::format("asks for more than {} repetitions", kMaxCount));
    }
    if (value < 0) refuse("has a brace that is no repetition");
    return value;
  }

  Node atom(int depth) {
    const char32_t c = take();
    switch (c) {
      case U'(':
        return group(depth);
      case U'[':
        return characters(character_class());
      case U'.':
        return {.kind = Node::characters, .set = flags_.dot_all ? every_character() : complement(kLineEnds)};
      case U'\\':
        return peek() == U'b' || peek() == U'B' ? word_edge(take() == U'b') : characters(escape());
      case U'^':
        return {.kind = Node::before, .set = flags_.lines ? kLineEnds : CodePointSet{}, .or_edge = true};
      case U'$':
        return {.kind = Node::behind, .set = flags_.lines ? kLineEnds : CodePointSet{}, .or_edge = true};
      case U'*':
      case U'+':
      case U'?':
        refuse("repeats nothing");
      case U'{':
        refuse("has a brace that is no repetition");
      default:
        return characters({{c, c}});
    }
  }

  Node characters(CodePointSet set) const {
    set = intersection(set, every_character());  // \uD800 is in no text
    return {.kind = Node::characters, .set = flags_.any_case ? in_any_case(set) : std::move(set)};
  }

  // \b, between a character of a word and one of none; \B, between two of a kind.
  static Node word_edge(bool is_edge) {
    Node result{.kind = Node::choice};
    for (const bool word_before : {true, false}) {
      const auto side = [](Node::Kind kind, bool word) {
        return Node{.kind = kind, .set = word ? kWord : complement(kWord), .or_edge = !word};
      };
      Node both{.kind = Node::sequence};
      both.parts.push_back(side(Node::before, word_before));
      both.parts.push_back(side(Node::behind, word_before != is_edge));
      result.parts.push_back(std::move(both));
    }
    return result;
  }

  Node group(int depth) {
    const Flags outer = flags_;
    if (const auto flags = take_flags(U':')) {
      flags_ = *flags;
    } else if (take_if(U'?')) {
      if (peek() == U'=' || peek() == U'!') return look(Node::ahead, Node::behind, depth);
      if (peek() == U'<' && (peek(1) == U'=' || peek(1) == U'!')) {
        take();
        return look(Node::back, Node::before, depth);
      }
      if (!take_if(U':')) name();
    }
    Node node = closed(depth);
    flags_ = outer;
    return node;
  }

  void name() {
    if (!take_if(U'<')) refuse(fmt::format("has the group (?{}, which ECMA-262 does not know", printable(peek())));
    while (take() != U'>') {
    }
  }

  Node closed(int depth) {
    Node node = alternatives(depth + 1);
    if (!take_if(U')')) refuse("has a parenthesis that is not closed");
    return node;
  }

  Node look(Node::Kind kind, Node::Kind edge, int depth) {
    const bool negated = take() == U'!';
    const Flags outer = flags_;
    Node inner = closed(depth);
    flags_ = outer;
    if (const auto one = as_neighbour(inner, edge)) {
      return {.kind = edge,
              .set = negated ? complement(one->set) : one->set,
              .or_edge = negated ? !one->or_edge : one->or_edge};
    }
    if (depth > 0) refuse("looks around by more than a character inside a group");
    Node result{.kind = kind, .negated = negated};
    result.parts.push_back(std::move(inner));
    return result;
  }

  // "(?i-s" and what closes it; the parenthesis is read by now where `close` is a colon. nullopt, with nothing taken,
  // where there is none.
  std::optional<Flags> take_flags(char32_t close) {
    const std::size_t begin = at_;
    Flags flags = flags_;
    const auto missing = [&] {
      at_ = begin;
      return std::nullopt;
    };
    if (close == U')' && !take_if(U'(')) return missing();
    if (!take_if(U'?')) return missing();
    bool on = true, any = false;
    for (char32_t c; (c = peek()) != close; ++at_, any = true) {
      if (c == U'-' && on) {
        on = false;
      } else if (c == U'i') {
        flags.any_case = on;
      } else if (c == U'm') {
        flags.lines = on;
      } else if (c == U's') {
        flags.dot_all = on;
      } else if (c != U'u' || !on) {
        return missing();
      }
    }
    if (!any) return missing();
    ++at_;
    return flags;
  }

  // ---- characters ---------------------------------------------------------------------------------------------------

  static std::string printable(char32_t c) { return 0x20 < c && c < 0x7F ? std::string(1, static_cast<char>(c)) : ""; }

  CodePointSet character_class() {
    const bool negated = take_if(U'^');
    CodePointSet ranges;
    while (!take_if(U']')) {
      const CodePointSet first = member();
      const bool is_range = is_one(first) && peek() == U'-' && at_ + 1 < pattern_.size() && peek(1) != U']';
      if (!is_range) {
        ranges.insert(ranges.end(), first.begin(), first.end());
        continue;
      }
      take();
      const CodePointSet last = member();
      if (!is_one(last)) {  // [a-\d]: the dash is one
        ranges.push_back(first[0]);
        ranges.push_back({U'-', U'-'});
        ranges.insert(ranges.end(), last.begin(), last.end());
        continue;
      }
      if (first[0].first > last[0].first) refuse("has a class with a range that is none");
      ranges.push_back({first[0].first, last[0].first});
    }
    CodePointSet set = intersection(united(std::move(ranges)), every_character());
    if (flags_.any_case) set = in_any_case(set);
    return negated ? complement(set) : set;
  }

  static bool is_one(const CodePointSet& set) { return set.size() == 1 && set[0].first == set[0].last; }

  CodePointSet member() {
    const char32_t c = take();
    if (c != U'\\') return {{c, c}};
    if (take_if(U'b')) return {{0x8, 0x8}};
    return escape();
  }

  CodePointSet escape() {
    const auto one = [](char32_t c) { return CodePointSet{{c, c}}; };
    const char32_t c = take();
    switch (c) {
      case U'd':
        return kDigit;
      case U'D':
        return complement(kDigit);
      case U'w':
        return kWord;
      case U'W':
        return complement(kWord);
      case U's':
        return kSpace;
      case U'S':
        return complement(kSpace);
      case U'p':
        return property();
      case U'P':
        return complement(property());
      case U't':
        return one(0x9);
      case U'n':
        return one(0xA);
      case U'v':
        return one(0xB);
      case U'f':
        return one(0xC);
      case U'r':
        return one(0xD);
      case U'c':
        return one(control());
      case U'x':
        return one(hex(2));
      case U'u':
        return one(code_unit());
      default:
        break;
    }
    if (c == U'0' && !(U'0' <= peek() && peek() <= U'9')) return one(0);
    const bool letter = (U'a' <= c && c <= U'z') || (U'A' <= c && c <= U'Z') || (U'0' <= c && c <= U'9');
    if (letter) refuse(fmt::format("has the escape \\{}", static_cast<char>(c)));
    return one(c);
  }

  CodePointSet property() {
    std::string name;
    if (!take_if(U'{')) refuse("has the escape \\p without a name in braces");
    for (char32_t c; (c = take()) != U'}';) name += c < 0x7F ? static_cast<char>(c) : '?';
    const auto set = unicode_property(name);
    if (!set) refuse(fmt::format("asks for the Unicode property {}: general categories and scripts are known", name));
    return *set;
  }

  char32_t control() {
    const char32_t c = take(), lower = c | 0x20;
    if (lower < U'a' || lower > U'z') refuse("has an escape that is none");
    return c & 0x1F;
  }

  char32_t code_unit() {
    if (take_if(U'{')) {
      char32_t value = 0;
      for (char32_t c; (c = take()) != U'}';) {
        value = value * 16 + hex_digit(c);
        if (value > 0x10FFFF) refuse("names a character that is none");
      }
      return value;
    }
    const char32_t first = hex(4);
    if (!is_surrogate(first)) return first;
    const std::size_t begin = at_;
    const bool pair = first < 0xDC00 && take_if(U'\\') && take_if(U'u') && peek() != U'{';
    const char32_t second = pair ? hex(4) : 0;
    if (second < 0xDC00 || second > 0xDFFF) {  // half a character, which is found in no text
      at_ = begin;
      return first;
    }
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }

  char32_t hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) value = value * 16 + hex_digit(take());
    return value;
  }

  static char32_t hex_digit(char32_t c) {
    if (U'0' <= c && c <= U'9') return c - U'0';
    if (U'a' <= c && c <= U'f') return c - U'a' + 10;
    if (U'A' <= c && c <= U'F') return c - U'A' + 10;
    refuse("has an escape that is none");
  }

  std::u32string pattern_;
  std::size_t at_ = 0;
  Flags flags_;
};

}  // namespace

Regex::Node parse_regex(std::string_view pattern) {
  std::u32string characters = utf32(pattern);
  if (characters.size() > kMaxPattern) refuse(fmt::format("is longer than {} characters", kMaxPattern));
  return Parser(std::move(characters)).parse();
}

}  // namespace decant
