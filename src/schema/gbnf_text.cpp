#include "schema/gbnf_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace decant {
namespace {

std::string class_member(char32_t c) {
  const bool plain = (U'a' <= c && c <= U'z') || (U'A' <= c && c <= U'Z') || (U'0' <= c && c <= U'9');
  if (plain) return std::string(1, static_cast<char>(c));
  return c < 0x100 ? fmt::format("\\x{:02X}", static_cast<unsigned>(c))
                   : fmt::format("\\U{:08X}", static_cast<unsigned>(c));
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
    if (first != last) result += '-' + class_member(last);
  }
  return result + ']';
}

std::string gbnf_repeat(long least, long most) {
  if (least == 1 && most == 1) return "";
  if (least == 0 && most == 1) return "?";
  if (least == 0 && most < 0) return "*";
  if (least == 1 && most < 0) return "+";
  if (most < 0) return fmt::format("{{{},}}", least);
  return fmt::format("{{{},{}}}", least, std::min<long>(most, kMaxCount));
}

std::string GbnfRules::add(const std::string& body) {
  const auto found = names_.find(body);
  if (found != names_.end()) return found->second;
  const std::string name = reserve();
  define(name, body);
  return names_[body] = name;
}

std::string GbnfRules::reserve() {
  bodies_.emplace_back(fmt::format("r{}", bodies_.size()), "");
  return bodies_.back().first;
}

void GbnfRules::define(const std::string& name, std::string body) {
  const auto found =
      std::find_if(bodies_.rbegin(), bodies_.rend(), [&name](const auto& rule) { return rule.first == name; });
  found->second = body.empty() ? gbnf_literal("") : std::move(body);  // a line must not end in ::=
}

std::string GbnfRules::text() const {
  std::string result;
  for (const auto& [name, body] : bodies_) result += name + " ::= " + body + '\n';
  return result;
}

}  // namespace decant
