#include "schema/gbnf_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/unique_items_rule.h"

namespace decant {
namespace {

std::string class_member(char32_t c) {
  const bool plain = U' ' <= c && c < 0x7F && std::u32string_view(U"\"[\\]^-").find(c) == std::u32string_view::npos;
  if (plain) return std::string(1, static_cast<char>(c));
  return c < 0x100 ? fmt::format("\\x{:02X}", static_cast<unsigned>(c))
                   : fmt::format("\\U{:08X}", static_cast<unsigned>(c));
}

// Behind the literal or class that begins at `at`.
std::size_t behind_quoted(std::string_view body, std::size_t at) {
  const char close = body[at] == '"' ? '"' : ']';
  for (++at; body[at] != close; ++at) {
    if (body[at] == '\\') ++at;
  }
  return at + 1;
}

bool is_name(char c) { return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '-'; }

std::size_t behind_name(std::string_view body, std::size_t at) {
  while (at < body.size() && is_name(body[at])) ++at;
  return at;
}

// Whether a body made by this program has a finite text, if `ends(name)` says which rules have one.
template <class F>
class Finiteness {
 public:
  Finiteness(std::string_view body, F ends) : body_(body), ends_(ends) {}
  bool decide() { return choice(); }

 private:
  bool choice() {
    bool any = sequence();
    while (at_ < body_.size() && body_[at_] == '|') {
      ++at_;
      any = sequence() || any;
    }
    return any;
  }

  bool sequence() {
    bool all = true;
    while (at_ < body_.size() && body_[at_] != '|' && body_[at_] != ')') {
      if (body_[at_] == ' ') {
        ++at_;
        continue;
      }
      const bool item = this->item(), left_out = may_be_left_out();
      all = all && (item || left_out);
    }
    return all;
  }

  bool item() {
    if (body_[at_] == '(') {
      ++at_;
      const bool inner = choice();
      ++at_;
      return inner;
    }
    if (body_[at_] == '"' || body_[at_] == '[') {
      at_ = behind_quoted(body_, at_);
      return true;
    }
    const std::size_t begin = at_;
    at_ = behind_name(body_, at_);
    return ends_(body_.substr(begin, at_ - begin));
  }

  bool may_be_left_out() {
    if (at_ == body_.size() || std::string_view("?*+{").find(body_[at_]) == std::string_view::npos) return false;
    const std::size_t begin = at_;
    at_ = body_[at_] == '{' ? body_.find('}', at_) + 1 : at_ + 1;
    return body_[begin] == '?' || body_[begin] == '*' || body_.substr(begin).starts_with("{0,");
  }

  std::string_view body_;
  F ends_;
  std::size_t at_ = 0;
};

template <class F>
void each_name(std::string_view body, F f) {
  for (std::size_t at = 0; at < body.size();) {
    if (body[at] == '"' || body[at] == '[') {
      at = behind_quoted(body, at);
    } else if (body[at] == '{') {
      at = body.find('}', at);
    } else if (is_name(body[at])) {
      const std::size_t begin = at;
      at = behind_name(body, at);
      f(body.substr(begin, at - begin));
    } else {
      ++at;
    }
  }
}

}  // namespace

std::string gbnf_literal(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\x{:02X}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string gbnf_class(std::span<const CodePoints> ranges, bool negated) {
  std::string result = negated ? "[^" : "[";
  for (const auto [first, last] : ranges) {
    result += class_member(first);
    if (first == last) continue;
    result += last - first > 1 ? "-" : "";
    result += class_member(last);
  }
  return result + ']';
}

std::string gbnf_repeat(long least, long most) {
  if (least == 1 && most == 1) return "";
  if (least == 0 && most == 1) return "?";
  if (least == 0 && most < 0) return "*";
  if (least == 1 && most < 0) return "+";
  if (most < 0) return fmt::format("{{{},}}", least);
  return least == most ? fmt::format("{{{}}}", least) : fmt::format("{{{},{}}}", least, most);
}

std::string GbnfRules::add(const std::string& body) {
  const auto found = names_.find(body);
  if (found != names_.end()) return found->second;
  const std::string name = reserve();
  define(name, body);
  return names_[body] = name;
}

std::string GbnfRules::unique_bracket() {
  if (unique_ >= bodies_.size()) {
    unique_ = bodies_.size();
    bodies_.push_back(gbnf_literal("["));
  }
  return name(unique_);
}

std::string GbnfRules::reserve() {
  bodies_.emplace_back();
  return name(bodies_.size() - 1);
}

std::string GbnfRules::name(std::size_t index) const {
  return index == unique_ ? std::string(unique_items_rule) : fmt::format("r{}", index);
}

void GbnfRules::define(const std::string& name, std::string body) {
  bodies_[index(name)] = body.empty() ? gbnf_literal("") : std::move(body);  // a line must not end in ::=
}

std::size_t GbnfRules::index(std::string_view name) const {
  if (name == unique_items_rule) return unique_;
  std::size_t number = 0;
  std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return number;
}

std::string GbnfRules::text(const std::string& root) const {
  std::vector<bool> needed(bodies_.size());
  std::vector<std::string_view> todo = {root};
  std::string result = "root ::= " + root + '\n';
  while (!todo.empty()) {
    const std::string_view body = todo.back();
    todo.pop_back();
    each_name(body, [&](std::string_view name) {
      if (needed[index(name)]) return;
      needed[index(name)] = true;
      todo.push_back(bodies_[index(name)]);
    });
  }
  for (std::size_t i = 0; i < bodies_.size(); ++i) {
    if (needed[i]) result += fmt::format("{} ::= {}\n", name(i), bodies_[i]);
  }
  return result;
}

std::set<std::string> GbnfRules::endless() const {
  std::vector<bool> ends(bodies_.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = bodies_.size(); i-- > 0;) {  // the later ones are mostly what the earlier ones need
      if (ends[i] || bodies_[i].empty()) continue;
      ends[i] = Finiteness(bodies_[i], [&](std::string_view name) { return ends[index(name)]; }).decide();
      changed = changed || ends[i];
    }
  }
  std::set<std::string> result;
  for (std::size_t i = 0; i < bodies_.size(); ++i) {
    if (!ends[i] && !bodies_[i].empty()) result.insert(name(i));
  }
  return result;
}

namespace {

std::string exactly(const std::string& item, long n, GbnfRules& rules) {
  if (n <= gbnf_most_copies) return rules.add(item + gbnf_repeat(n, n));
  const std::string half = exactly(item, n / 2, rules);
  return rules.add(half + ' ' + half + (n % 2 == 1 ? ' ' + item : ""));
}

// Each number of items in one way: at least half of n and up to the rest more, or fewer than half of it. There are two
// numbers at most for each time that n can be halved; `known` has their rules.
std::string up_to(const std::string& item, long n, std::map<long, std::string>& known, GbnfRules& rules) {
  if (n <= gbnf_most_copies) return rules.add(item + gbnf_repeat(0, n));
  if (const auto found = known.find(n); found != known.end()) return found->second;
  const long half = (n + 1) / 2;
  const std::string more = up_to(item, n - half, known, rules), fewer = up_to(item, half - 1, known, rules);
  return known[n] = rules.add(fmt::format("{} {} | {}", exactly(item, half, rules), more, fewer));
}

}  // namespace

std::string repeated(const std::string& item, long least, long most, GbnfRules& rules) {
  if (std::max(least, most) <= gbnf_most_copies) return most == 0 ? gbnf_literal("") : item + gbnf_repeat(least, most);
  std::string result;
  if (least > 0) result = exactly(item, least, rules);
  if (most == least) return result;
  if (!result.empty()) result += ' ';
  std::map<long, std::string> known;
  return result + (most < 0 ? item + '*' : up_to(item, most - least, known, rules));
}

}  // namespace decant
