// One prompt under one setting: its request, and what is measured of the text.
//
// Log-likelihood and entropy are those of the expert, whoever wrote the text: a text of the amateur alone is read to
// the expert once it is there.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/text_metrics.h"

namespace decant {

struct CellSetup {
  GenerationConfig config;
  Session::Voices voices = Session::Voices::all;
  int prompt = 0;
  StrategyFunction strategy = {};      // empty: the one that the options ask for
  std::optional<RunInfo> traced = {};  // the header of its trace, where one is wanted
};

struct CellResult {
  std::vector<Token> ids;
  std::vector<std::string> pieces;  // the bytes of each token, as far as they are shown
  FinishReason finish = FinishReason::running;
  TextMetrics metrics = no_metrics();
  std::exception_ptr error = {};  // what ended it instead
  std::string trace = {};         // JSON Lines

  std::string text() const;  // valid UTF-8
  std::string error_message() const;
};

// "text", "ids", "finish_reason", "metrics" and "time", or "error", into an object that the caller has begun.
void write_fields(JsonWriter& json, const CellResult& result);

class Cell {
 public:
  // `bell` rings when running() is to be asked again.
  Cell(Session& session, CellSetup setup, std::shared_ptr<Bell> bell);
  ~Cell();

  bool running();           // reads what has come; may start the request that measures
  double fraction() const;  // done of the longest text that there can be
  void cancel() {
    if (ticket_) ticket_.cancel();
  }
  CellResult result();  // of a text that is not finished, too: it is cancelled then
  const CellSetup& setup() const { return setup_; }

 private:
  class Watch;

  void start(StrategyFunction strategy, Session::Voices voices);
  void keep(const Outcome& outcome);

  Session& session_;
  CellSetup setup_;
  std::shared_ptr<Bell> bell_;
  std::unique_ptr<Watch> watch_;
  Ticket ticket_;
  CellResult result_;
  bool reading_ = false;  // to the expert
};

}  // namespace decant
