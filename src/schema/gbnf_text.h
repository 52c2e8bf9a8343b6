// Pieces of GBNF, written so that libllama's parser reads them back as they were meant.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/utf8_reader.h"

namespace decant {

std::string gbnf_literal(std::string_view text);

std::string gbnf_class(std::span<const CodePoints> ranges, bool negated = false);

// "{2,5}", "+", "?", ... ; most < 0: without end. For up to gbnf_most_copies, of which the parser makes a rule each.
constexpr long gbnf_most_copies = 64;
std::string gbnf_repeat(long least, long most);

// Rules under names of our own; equal bodies share one.
class GbnfRules {
 public:
  // The name of a rule with this body.
  std::string add(const std::string& body);

  // The name of the rule that opens arrays whose items differ: unique_items_rule.
  std::string unique_bracket();

  // A name to refer to before there is a body.
  std::string reserve();
  void define(const std::string& name, std::string body);

  std::size_t size() const { return bodies_.size(); }

  // Those that `root` needs, which becomes the rule of that name.
  std::string text(const std::string& root) const;

  // The rules of which no finite text is one.
  std::set<std::string> endless() const;

 private:
  std::size_t index(std::string_view name) const;
  std::string name(std::size_t index) const;

  std::size_t unique_ = -1UL;                           // of unique_items_rule
  std::unordered_map<std::string, std::string> names_;  // by body
  std::vector<std::string> bodies_;                     // of r0, r1, ...
};

// `item`, an atom, so many times. Beyond gbnf_most_copies by halves: as many rules as the numbers have digits, and a
// place in the text is in as many of them at once.
std::string repeated(const std::string& item, long least, long most, GbnfRules& rules);

}  // namespace decant
