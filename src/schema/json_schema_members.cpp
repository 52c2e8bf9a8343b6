#include "schema/json_schema_members.h"

#include <fmt/format.h>

#include <algorithm>

namespace decant {

long MemberList::counted(long least, long most) const {
  return std::max({1L, std::min(least, std::ssize(members_) + 2), std::min(most, std::ssize(members_) + 1)});
}

std::optional<std::string> MemberList::rule(long least, long most) {
  least_ = least;
  most_ = most;
  counted_ = counted(least, most);
  known_.clear();
  for (std::size_t member = members_.size(); member > 0; --member) {  // from the end, lest it recurses deeply
    for (long written = 0; written <= std::min(counted_, static_cast<long>(member)); ++written) from(member, written);
  }
  return from(0, 0);
}

// What is left from a member on, when so many have been written. When none has, it is not empty.
std::optional<std::string> MemberList::from(std::size_t member, long written) {
  const auto found = known_.find({member, written});
  if (found != known_.end()) return found->second;
  std::optional<std::string> result;
  if (member == members_.size()) {
    result = others(written);
  } else if (members_[member].required) {
    result = with(member, written);
  } else {
    const auto taken = with(member, written), left = from(member + 1, written);
    if (taken && left && written > 0 && *left == *from(member + 1, std::min(written + 1, counted_))) {
      result = rules_.add(fmt::format("({}{})? {}", comma_, members_[member].rule, *left));
    } else if (taken && left) {
      result = rules_.add(fmt::format("{} | {}", *taken, left->empty() ? gbnf_literal("") : *left));
    } else {
      result = taken ? taken : left;
    }
  }
  return known_[{member, written}] = result;
}

std::optional<std::string> MemberList::with(std::size_t member, long written) {
  if (most_ >= 0 && written >= most_) return std::nullopt;
  const auto rest = from(member + 1, std::min(written + 1, counted_));
  if (!rest) return std::nullopt;
  return rules_.add(fmt::format("{}{} {}", written > 0 ? comma_ : "", members_[member].rule, *rest));
}

// Those in any number, behind all others.
std::optional<std::string> MemberList::others(long written) {
  const bool enough = written >= least_, none = more_.empty() || (most_ >= 0 && written >= most_);
  if (none) return enough && written > 0 ? std::optional<std::string>("") : std::nullopt;
  if (least_ - written > 1) {
    needs_others = true;
    return std::nullopt;
  }
  const std::string another = rules_.add(comma_ + more_);
  const long room = most_ < 0 ? -1 : most_ - written;
  if (written > 0) return rules_.add(repeated(another, enough ? 0 : 1, room, rules_));
  return room == 1 ? more_ : rules_.add(more_ + ' ' + repeated(another, 0, room < 0 ? -1 : room - 1, rules_));
}

}  // namespace decant
