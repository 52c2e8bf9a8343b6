// What Runs are written as: text as it comes, one JSON object at the end, or one trace record per decision.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "cli/word_wrap.h"
#include "engine/ticket.h"
#include "options/generation_config.h"
#include "run/text_stream.h"

namespace decant {

class Session;

struct RunInfo {
  std::string model;
  std::string strategy;
  GenerationConfig config;
  std::vector<Token> prompt;
  std::string prompt_text;  // as the model reads it
  double load_s = 0;
  std::string label = {};   // where several Runs are shown side by side
  std::string healed = {};  // bytes behind the prompt's tokens that the text begins with, and that are not shown
};

RunInfo run_info(const Session& session, const GenerationConfig& config, std::string_view strategy);

// What of a run's text may be shown while it comes: whole characters, and no stop string that is to be hidden.
TextStream text_stream(const RunInfo& info, const Vocab& vocab);

// Several observers of one Run, in turn.
class Observers : public RunObserver {
 public:
  void add(RunObserver* observer) { list_.push_back(observer); }

  void token(int sequence, Token token, std::string_view bytes) override {
    for (RunObserver* each : list_) each->token(sequence, token, bytes);
  }
  void finished(int sequence, Stop stop) override {
    for (RunObserver* each : list_) each->finished(sequence, stop);
  }
  bool wants_text() const override { return any(&RunObserver::wants_text); }
  bool wants_decisions() const override { return any(&RunObserver::wants_decisions); }
  bool wants_stage_scores() const override { return any(&RunObserver::wants_stage_scores); }
  void decision(const Decision& decision) override {
    for (RunObserver* each : list_) each->decision(decision);
  }
  bool wants_search() const override { return any(&RunObserver::wants_search); }
  void search(const SearchStep& step) override {
    for (RunObserver* each : list_) each->search(step);
  }
  void search_ended(std::span<const SearchEnd> ends) override {
    for (RunObserver* each : list_) each->search_ended(ends);
  }

 private:
  bool any(bool (RunObserver::*wants)() const) const {
    return std::any_of(list_.begin(), list_.end(), [&](const RunObserver* each) { return (each->*wants)(); });
  }

  std::vector<RunObserver*> list_;
};

// Streams the text of the first sequence; on a terminal its words are kept whole if `wraps`.
class TextPrinter : public RunObserver {
 public:
  TextPrinter(Output& output, const Vocab& vocab, const RunInfo& info, bool wraps);
  void token(int sequence, Token token, std::string_view bytes) override;
  void finished(int sequence, Stop stop) override;
  void end();  // what is held back, and a line end if the text has none

 private:
  void print(const std::string& text);

  Output& output_;
  const Vocab& vocab_;
  TextStream stream_;
  WordWrap wrap_;
  bool wraps_;
  char last_ = '\n';
};

using TraceSink = std::function<void(std::string_view line)>;  // the line end included

// One JSON object a line. The first record also holds "run": model, strategy, options and prompt.
class TraceWriter : public RunObserver {
 public:
  TraceWriter(TraceSink sink, const Vocab& vocab, RunInfo info);
  bool wants_text() const override { return false; }
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override;
  bool wants_search() const override { return true; }
  void search(const SearchStep& step) override;
  void search_ended(std::span<const SearchEnd> ends) override;

 private:
  template <class Write>
  void write_line(Write write_fields);

  TraceSink sink_;
  const Vocab& vocab_;
  RunInfo info_;
  JsonWriter json_;
  bool first_ = true;
};

// Label, model, strategy, options and prompt, into an object that the caller has begun.
void write_header(JsonWriter& json, const RunInfo& info);

std::string all_text(const Outcome& outcome);  // every answer, numbered if there are several
std::string run_json(const Outcome& outcome, const RunInfo& info);
std::string run_stats(const Outcome& outcome, const RunInfo& info, const std::string& model_description);

}  // namespace decant
