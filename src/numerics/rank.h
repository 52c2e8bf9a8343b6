// The ranking of tokens: by falling score, equal scores by rising id. Scores hold no NaN; -0 equals +0.
#pragma once

#include <cstddef>
#include <vector>

#include "base/token.h"

namespace decant {

struct Candidate {
  Token id = 0;
  float score = 0;

  bool operator==(const Candidate&) const = default;
};

inline bool ranks_before(const Candidate& a, const Candidate& b) {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

// Ranks a list whose ids are rising, or any list that is short.
inline constexpr std::size_t short_list = 256;
void rank(std::vector<Candidate>& list);

// Cuts a ranked list after the k-th and everything equal to it.
void cut_after_ties(std::vector<Candidate>& ranked, int k);

}  // namespace decant
