// Pieces of GBNF, written so that libllama's parser reads them back as they were meant.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8_reader.h"

namespace decant {

// libllama refuses more; what a schema allows beyond that is left unsaid.
constexpr int kMaxCount = 2000;

std::string gbnf_literal(std::string_view text);

std::string gbnf_class(std::span<const CodePoints> ranges, bool negated = false);

// "{2,5}", "+", "?", ... ; most < 0: without end.
std::string gbnf_repeat(long least, long most);

// Rules under names of our own; equal bodies share one.
class GbnfRules {
 public:
  // The name of a rule with this body.
  std::string add(const std::string& body);

  // A name to refer to before there is a body.
  std::string reserve();
  void define(const std::string& name, std::string body);

  std::size_t size() const { return bodies_.size(); }
  std::string text() const;

 private:
  std::map<std::string, std::string> names_;  // by body
  std::vector<std::pair<std::string, std::string>> bodies_;
};

}  // namespace decant
