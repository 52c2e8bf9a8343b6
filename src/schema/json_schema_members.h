// The members of an object in the schema's order, and how many of them there may be.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/gbnf_text.h"

namespace decant {

struct Member {
  std::string rule;
  bool required = false;
};

// Also the items of an array of which each may occur once.
class MemberList {
 public:
  // `more`: the rule of those that may follow in any number, or "". `comma`: what stands between two.
  MemberList(std::vector<Member> members, std::string more, std::string comma, GbnfRules& rules)
      : members_(std::move(members)), more_(std::move(more)), comma_(std::move(comma)), rules_(rules) {}

  // The rule of least..most members, at least one (most < 0: any number); nullopt where no list is so long. Of those in
  // any number two may be the same, so that only one of them counts for `least`: if that is why, `needs_others` is set.
  std::optional<std::string> rule(long least, long most);
  bool needs_others = false;

  // How many rules that takes at most.
  long cost(long least, long most) const { return std::ssize(members_) * counted(least, most); }

 private:
  long counted(long least, long most) const;
  std::optional<std::string> from(std::size_t member, long written);
  std::optional<std::string> with(std::size_t member, long written);
  std::optional<std::string> others(long written);

  std::vector<Member> members_;
  std::string more_, comma_;
  GbnfRules& rules_;
  long least_ = 0, most_ = -1;
  long counted_ = 1;  // up to which it matters how many are written
  std::map<std::pair<std::size_t, long>, std::optional<std::string>> known_;
};

}  // namespace decant
