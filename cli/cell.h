// One prompt under one setting: its Run, and what is measured of the text.
//
// Log-likelihood and entropy are those of the expert, whoever wrote the text: a text of the amateur alone is read to
// the expert once it is there.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"
#include "cli/text_metrics.h"
#include "strategies/row.h"

namespace decant {

struct CellSetup {
  GenerationConfig config;
  const StrategyRow* strategy = nullptr;
  Session::Voices voices = Session::Voices::all;
  int prompt = 0;
};

struct CellResult {
  std::vector<Token> ids;
  std::vector<std::string> pieces;  // the bytes of each token, as far as they are shown
  FinishReason finish = FinishReason::running;
  TextMetrics metrics = no_metrics();
  std::exception_ptr error = {};  // what ended it instead

  std::string text() const;  // valid UTF-8
  std::string error_message() const;
};

// "text", "ids", "finish_reason", "metrics" and "time", or "error", into an object that the caller has begun.
void write_fields(JsonWriter& json, const CellResult& result);

class Cell {
 public:
  Cell(Session& session, CellSetup setup);
  ~Cell();

  bool running();           // to be asked after each step of the session; may start the Run that measures
  double fraction() const;  // done of the longest text that there can be
  CellResult result();      // of a text that is not finished, too
  const CellSetup& setup() const { return setup_; }

 private:
  class Watch;

  void start(StrategyFunction strategy, Session::Voices voices);
  void keep();

  Session& session_;
  CellSetup setup_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Run> run_;
  CellResult result_;
  bool reading_ = false;  // to the expert
};

}  // namespace decant
