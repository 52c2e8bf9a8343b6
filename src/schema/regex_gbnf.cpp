#include "schema/regex_gbnf.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/utf8_reader.h"

namespace decant {
namespace {

constexpr char32_t kLast = 0x10FFFF;
constexpr int kMaxDepth = 50;
constexpr long kEndless = 1L << 30;  // for lengths
constexpr long kMaxPrefix = 64;      // before what a pattern without ^ asks for, so that it is come to

using Ranges = std::vector<CodePoints>;

const Ranges kDigit = {{U'0', U'9'}};
const Ranges kWord = {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}};
const Ranges kSpace = {{0x9, 0xD},       {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                       {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const Ranges kLineEnds = {{0xA, 0xA}, {0xD, 0xD}, {0x2028, 0x2029}};
const Ranges kUnwritten = {{0, 0x1F}, {U'"', U'"'}, {U'\\', U'\\'}, {0x7F, 0x7F}, {0xD800, 0xDFFF}};  // as they are

Ranges complement(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges result;
  char32_t next = 0;
  for (const auto [first, last] : ranges) {
    if (next < first) result.push_back({next, first - 1});
    next = std::max<char32_t>(next, last + 1);
  }
  if (next <= kLast) result.push_back({next, kLast});
  return result;
}

Ranges without(const Ranges& ranges, const Ranges& others) {
  Ranges all = complement(ranges);
  all.insert(all.end(), others.begin(), others.end());
  return complement(all);
}

bool contains(const Ranges& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](CodePoints r) { return r.first <= c && c <= r.last; });
}

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::usage, what); }

// A part of the pattern: what it says in GBNF, and how many characters that can be.
struct Part {
  std::string gbnf;
  long least = 0, most = 0;
  bool is_class = false;  // one character
};

class Parser {
 public:
  Parser(std::u32string pattern, GbnfRules& rules) : pattern_(std::move(pattern)), rules_(rules) {}

  Part parse() {
    Part part = alternatives(0);
    if (!done()) refuse("has a closing parenthesis too many");
    return part;
  }

  // When the whole pattern is one repeated class: the class and its count.
  struct Run {
    std::string gbnf;
    long least, most;
  };
  std::optional<Run> only_run;

 private:
  bool done() const { return at_ == pattern_.size(); }
  char32_t peek() const { return done() ? 0 : pattern_[at_]; }
  char32_t take() {
    if (done()) refuse("ends in the middle of something");
    return pattern_[at_++];
  }
  bool take_if(char32_t c) {
    if (done() || pattern_[at_] != c) return false;
    ++at_;
    return true;
  }

  Part alternatives(int depth) {
    if (depth > kMaxDepth) refuse("has too many groups inside each other");
    std::vector<Part> parts = {sequence(depth)};
    while (take_if(U'|')) parts.push_back(sequence(depth));
    if (parts.size() == 1) return parts[0];
    only_run.reset();
    const auto written = [](const Part& part) { return part.gbnf.empty() ? gbnf_literal("") + ' ' : part.gbnf; };
    Part result = parts[0];
    result.gbnf = written(result);
    for (std::size_t i = 1; i < parts.size(); ++i) {
      result.gbnf += "| " + written(parts[i]);
      result.least = std::min(result.least, parts[i].least);
      result.most = std::max(result.most, parts[i].most);
    }
    return {rules_.add(result.gbnf) + ' ', result.least, result.most};
  }

  Part sequence(int depth) {
    const bool outer = depth == 0;
    Part result;
    int parts = 0;
    const auto append = [&](const Part& part) {
      result.gbnf += part.gbnf;
      result.least += part.least;
      result.most = std::min(kEndless, result.most + part.most);
      ++parts;
    };
    if (outer && !take_if(U'^')) append(anything(kMaxPrefix));
    bool closed = false;
    while (!done() && peek() != U'|' && peek() != U')') {
      if (outer && peek() == U'$') {
        ++at_;
        closed = true;
        if (!done() && peek() != U'|') refuse("has $ in the middle");
        break;
      }
      append(quantified(depth));
    }
    if (outer && !closed) append(anything(-1));
    if (parts != 1) only_run.reset();
    return result;
  }

  Part anything(long most) {
    return {rules_.add(plain_character()) + gbnf_repeat(0, most) + ' ', 0, most < 0 ? kEndless : most};
  }

  Part quantified(int depth) {
    const Part part = atom(depth);
    long least = 1, most = 1;
    if (take_if(U'*')) {
      least = 0, most = -1;
    } else if (take_if(U'+')) {
      most = -1;
    } else if (take_if(U'?')) {
      least = 0;
    } else if (peek() == U'{') {
      count(least, most);
    }
    if (least != 1 || most != 1) take_if(U'?');  // lazy
    if (std::u32string_view(U"*+?{").find(peek()) != std::u32string_view::npos && !done())
      refuse("repeats a repetition");
    if (least > kMaxCount) refuse(fmt::format("asks for more than {} repetitions", kMaxCount));
    if (part.is_class) only_run = Run{part.gbnf, least, most};
    if (least == 1 && most == 1) return {part.gbnf + ' ', part.least, part.most};
    if (most == 0) return {"", 0, 0};
    if (part.least == 0 && most != 1) refuse("repeats what may be empty");
    return {rules_.add(part.gbnf) + gbnf_repeat(least, most) + ' ', part.least * least,
            most < 0 ? kEndless : std::min(kEndless, part.most * most)};
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
    for (; U'0' <= peek() && peek() <= U'9' && !done(); ++at_) {
      value = std::min(kEndless, std::max(value, 0L) * 10 + static_cast<long>(peek() - U'0'));
    }
    if (value < 0) refuse("has a brace that is no repetition");
    return value;
  }

  Part atom(int depth) {
    const char32_t c = take();
    switch (c) {
      case U'(':
        return group(depth);
      case U'[':
        return character_class();
      case U'.':
        return characters(complement(kLineEnds));
      case U'\\':
        return characters(escape());
      case U'^':
      case U'$':
        refuse("has ^ or $ in the middle");
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

  Part group(int depth) {
    if (take_if(U'?') && !take_if(U':')) {
      if (!take_if(U'<') || peek() == U'=' || peek() == U'!') refuse("looks around");
      while (take() != U'>') {
      }
    }
    Part part = alternatives(depth + 1);
    if (!take_if(U')')) refuse("has a parenthesis that is not closed");
    part.gbnf = part.gbnf.empty() ? gbnf_literal("") : rules_.add(part.gbnf);
    part.is_class = false;
    only_run.reset();
    return part;
  }

  Part character_class() {
    const bool negated = take_if(U'^');
    Ranges ranges;
    while (!take_if(U']')) {
      const Ranges first = take_member();
      const bool is_range = peek() == U'-' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != U']';
      if (!is_range) {
        ranges.insert(ranges.end(), first.begin(), first.end());
        continue;
      }
      take();
      const Ranges last = take_member();
      if (first.size() != 1 || last.size() != 1 || first[0].first != first[0].last || last[0].first != last[0].last ||
          first[0].first > last[0].first) {
        refuse("has a class with a range that is none");
      }
      ranges.push_back({first[0].first, last[0].first});
    }
    return characters(negated ? complement(ranges) : complement(complement(ranges)));
  }

  Ranges take_member() {
    const char32_t c = take();
    if (c != U'\\') return {{c, c}};
    if (take_if(U'b')) return {{0x8, 0x8}};
    return escape();
  }

  Ranges escape() {
    const auto one = [](char32_t c) { return Ranges{{c, c}}; };
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
      case U'x':
        return one(hex(2));
      case U'u':
        return one(code_unit());
      default:
        break;
    }
    const bool letter = (U'a' <= c && c <= U'z') || (U'A' <= c && c <= U'Z') || (U'0' <= c && c <= U'9');
    if (letter) refuse(fmt::format("has the escape \\{}", static_cast<char>(c)));
    return one(c);
  }

  char32_t code_unit() {
    if (!take_if(U'{')) return hex(4);
    char32_t value = 0;
    for (char32_t c; (c = take()) != U'}';) value = value * 16 + hex_digit(c);
    if (value > kLast) refuse("names a character that is none");
    return value;
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

  // One of the characters, as a JSON string writes it.
  Part characters(const Ranges& ranges) {
    const Ranges plain = without(ranges, kUnwritten);
    std::vector<std::string> forms;
    if (!plain.empty()) forms.push_back(gbnf_class(plain));
    const std::pair<char32_t, std::string_view> escapes[] = {
        {U'"', "\\\""}, {U'\\', "\\\\"}, {0x8, "\\b"}, {0xC, "\\f"}, {0xA, "\\n"}, {0xD, "\\r"}, {0x9, "\\t"}};
    for (const auto& [c, escaped] : escapes) {
      // Of large classes the readable characters do.
      if (contains(ranges, c) && (plain.empty() || c >= 0x20)) forms.push_back(gbnf_literal(escaped));
    }
    if (forms.empty()) refuse("asks for a character that JSON strings cannot hold as it is");
    const std::string gbnf = fmt::format("{}", fmt::join(forms, " | "));
    return {forms.size() == 1 ? gbnf : rules_.add(gbnf), 1, 1, true};
  }

  std::u32string pattern_;
  std::size_t at_ = 0;
  GbnfRules& rules_;
};

}  // namespace

std::string plain_character() { return gbnf_class(kUnwritten, true); }

std::string regex_gbnf(std::string_view pattern, long least, long most, GbnfRules& rules) {
  Parser parser(utf32(pattern), rules);
  const Part part = parser.parse();
  const std::string quote = gbnf_literal("\"");
  if (part.least >= least && (most < 0 || part.most <= most)) return quote + ' ' + part.gbnf + quote;
  if (!parser.only_run) refuse("cannot be combined with minLength and maxLength");
  const auto& run = *parser.only_run;
  least = std::max(least, run.least);
  if (run.most >= 0) most = most < 0 ? run.most : std::min(most, run.most);
  if (least > kMaxCount) refuse(fmt::format("asks for more than {} characters", kMaxCount));
  if (most >= 0 && most < least) refuse("allows no string of the length that minLength and maxLength ask for");
  if (most == 0) return quote + ' ' + quote;
  return quote + ' ' + rules.add(run.gbnf) + gbnf_repeat(least, most) + ' ' + quote;
}

}  // namespace decant
