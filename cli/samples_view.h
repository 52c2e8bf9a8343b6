// Several texts in columns beside each other: their ends while they come, and all of them when they are there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/live_lines.h"
#include "cli/run_report.h"
#include "cli/style.h"

namespace decant {

// Texts with their numbers above them; of each at most its `most` last lines, 0: all.
std::string show_samples(std::span<const std::string> texts, const Style& style, int width, int most = 0);

class SamplesView : public RunObserver {
 public:
  SamplesView(Output& output, const Vocab& vocab, const RunInfo& info, const Style& style);

  void token(int sequence, Token token, std::string_view bytes) override;
  void finished(int sequence, Stop stop) override;

  bool draws() const { return live_; }  // while they come: all of them fit beside each other
  void end(std::span<const Sequence> sequences);

 private:
  Output& output_;
  Style style_;
  LiveLines lines_;
  bool live_;
  std::vector<TextStream> streams_;
  std::vector<std::string> texts_;
};

}  // namespace decant
