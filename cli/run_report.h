// What `decant run` writes: text as it comes, one JSON object at the end, or one trace record per decision.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/output.h"
#include "options/generation_config.h"
#include "run/run.h"
#include "run/text_stream.h"

namespace decant {

struct RunInfo {
  std::string model;
  std::string strategy;
  GenerationConfig config;
  std::vector<Token> prompt;
  double load_s = 0;
};

// Streams the text of the first sequence.
class TextPrinter : public RunObserver {
 public:
  TextPrinter(Output& output, const Vocab& vocab, const RunInfo& info);
  void token(int sequence, Token token) override;
  void finished(int sequence, Stop stop) override;
  void end();  // what is held back, and a line end if the text has none

 private:
  void print(const std::string& text);

  Output& output_;
  const Vocab& vocab_;
  TextStream stream_;
  char last_ = '\n';
};

// One JSON object a line. The first record also holds "run": model, strategy, options and prompt.
class TracePrinter : public RunObserver {
 public:
  TracePrinter(Output& output, const Vocab& vocab, RunInfo info);
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override;

 private:
  Output& output_;
  const Vocab& vocab_;
  RunInfo info_;
  JsonWriter json_;
  bool first_ = true;
};

std::string all_text(const Run& run);  // every answer, numbered if there are several
std::string run_json(const Run& run, const RunInfo& info);
std::string run_stats(const Run& run, const RunInfo& info, const std::string& model_description);

}  // namespace decant
