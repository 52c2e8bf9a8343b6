// How far texts are that are shown only at their end: a beam search's, several at once.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "cli/progress.h"
#include "run/request.h"

namespace decant {

class Writing : public RunObserver {
 public:
  // `beams`: the tokens come all at once when the search has ended, and its steps are counted instead. `longest`:
  // tokens that a text may have.
  Writing(bool enabled, bool beams, int longest, int texts, int prompt_tokens);

  bool wants_text() const override { return true; }
  bool wants_search() const override { return beams_; }
  void token(int sequence, Token token, std::string_view bytes) override;
  void finished(int sequence, Stop stop) override;
  void search(const SearchStep& step) override;

  void wipe() { progress_.wipe(); }  // before anything is written

 private:
  void show();

  Progress progress_;
  bool beams_;
  int longest_, prompt_tokens_;
  std::vector<int> written_;  // tokens of each text, or the search's steps
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace decant
