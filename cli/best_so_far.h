// What an interrupted beam search has found: its texts are handed over only at the end, and would be lost.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "run/request.h"

namespace decant {

class BestSoFar : public RunObserver {
 public:
  bool wants_text() const override { return false; }
  bool wants_search() const override { return true; }
  void search(const SearchStep& step) override;

  // The best text that ended, or else the one that the search thinks best of now; nothing before the first step.
  // `healed`: bytes at its beginning that are the prompt's.
  std::optional<Sequence> sequence(const Vocab& vocab, std::string_view healed) const;

 private:
  struct Link {
    int parent = 0;
    Token token = -1;
  };
  std::vector<Link> links_ = std::vector<Link>(1);  // by node of the search's tree; 0 is the prompt
  std::optional<SearchCandidate> ended_, living_;
};

}  // namespace decant
