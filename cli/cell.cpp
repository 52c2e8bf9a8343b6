// Tested by tests/cli/compare_test.py.
#include "cli/cell.h"

#include "base/utf8.h"
#include "cli/best_so_far.h"
#include "strategies/score.h"

namespace decant {

class Cell::Watch : public RunObserver {
 public:
  Watch(bool beams, const Vocab& vocab, const std::optional<RunInfo>& traced) : beams_(beams) {
    if (traced) tracer_.emplace([this](std::string_view line) { trace += line; }, vocab, *traced);
  }
  bool wants_search() const override { return beams_; }
  void search(const SearchStep& step) override {
    best.search(step);
    if (tracer_) tracer_->search(step);
  }
  void search_ended(std::span<const SearchEnd> ends) override {
    if (tracer_) tracer_->search_ended(ends);
  }
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override {
    if (tracer_) tracer_->decision(decision);
    if (decision.sequence != 0) return;
    entropy_ += decision.entropy_raw;
    ++decisions_;
  }
  void token(int sequence, Token, std::string_view bytes) override {
    if (sequence == 0) pieces.emplace_back(bytes);
  }
  void finished(int sequence, Stop stop) override {
    if (tracer_) tracer_->finished(sequence, stop);
  }

  double entropy() const { return decisions_ == 0 ? TextMetrics::none : entropy_ / decisions_; }
  std::vector<std::string> pieces;
  BestSoFar best;
  std::string trace;

 private:
  bool beams_;
  std::optional<TraceWriter> tracer_;
  double entropy_ = 0;
  int decisions_ = 0;
};

namespace {

// The pieces of a text whose end may have been cut.
void cut_to(std::vector<std::string>& pieces, std::size_t size) {
  for (std::string& piece : pieces) {
    piece.resize(std::min(piece.size(), size));
    size -= piece.size();
  }
}

}  // namespace

std::string CellResult::text() const {
  std::string bytes;
  for (const std::string& piece : pieces) bytes += piece;
  return as_utf8(bytes);
}

std::string CellResult::error_message() const {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& exception) {
    return exception.what();
  }
}

void write_fields(JsonWriter& json, const CellResult& result) {
  if (result.error) {
    json.field("error", result.error_message());
    return;
  }
  json.field("text", result.text()).key("ids").begin_array();
  for (const Token id : result.ids) json.value(id);
  json.end_array().field("finish_reason", to_string(result.finish));
  write_metrics(json, result.metrics);
  write_times(json, result.metrics);
}

Cell::Cell(Session& session, CellSetup setup, std::shared_ptr<Bell> bell)
    : session_(session), setup_(std::move(setup)), bell_(std::move(bell)) {
  start(setup_.strategy, setup_.voices);
}

Cell::~Cell() = default;

void Cell::start(StrategyFunction strategy, Session::Voices voices) {
  watch_ = std::make_unique<Watch>(setup_.config.num_beams > 1, session_.file().vocab(), setup_.traced);
  try {
    ticket_ = session_.start(setup_.config, {.wishes = wishes_of(*watch_),
                                             .strategy = std::move(strategy),
                                             .voices = voices,
                                             .prompt = setup_.prompt,
                                             .bell = bell_});
  } catch (...) {
    result_.error = std::current_exception();
  }
}

bool Cell::running() {
  if (!ticket_) return false;
  while (const auto event = ticket_.next_if_any()) tell(*watch_, *event);
  if (!ticket_.ended()) return true;
  keep(ticket_.outcome());
  ticket_ = {};
  if (reading_ || result_.error || setup_.voices == Session::Voices::all || result_.ids.empty()) return false;
  reading_ = true;
  setup_.traced.reset();    // a text of the amateur alone has its own decisions
  GenerationConfig reader;  // no processor matters to what the model says of the text
  reader.ignore_eos = true;
  reader.max_new_tokens = static_cast<int>(result_.ids.size());
  reader.token_healing = setup_.config.token_healing;
  setup_.config = reader;
  start(score(result_.ids), Session::Voices::all);
  return static_cast<bool>(ticket_);
}

double Cell::fraction() const {
  if (!ticket_) return 1;
  const RunStats stats = ticket_.stats();
  const double length = max_length(setup_.config, stats.prompt_tokens) - stats.prompt_tokens;
  return length > 0 ? std::min(stats.new_tokens / length, 1.0) : 0;
}

// What the request has come to.
void Cell::keep(const Outcome& outcome) {
  if (outcome.error) {
    result_.error = outcome.error;
    return;
  }
  std::optional<Sequence> sequence;
  if (!outcome.sequences.empty()) sequence = outcome.sequences[0];
  if (const auto found = watch_->best.sequence(session_.file().vocab(), ""); outcome.cancelled && found) {
    sequence = found;
    for (const Token id : found->ids) watch_->pieces.emplace_back(session_.file().vocab().bytes(id));
  }
  if (!sequence) return;
  TextMetrics& metrics = result_.metrics;
  if (!reading_) {
    const RunStats& stats = outcome.stats;
    result_.ids = sequence->ids;
    result_.trace = std::move(watch_->trace);
    result_.pieces = watch_->pieces;
    cut_to(result_.pieces, sequence->bytes.size());
    result_.finish = sequence->finish;
    metrics = measure(result_.ids);
    metrics.seconds = stats.prefill_s + stats.decode_s;
    if (stats.decode_s > 0) metrics.tokens_per_second = stats.new_tokens / stats.decode_s;
  }
  if (sequence->ids.empty() || (setup_.voices == Session::Voices::amateur_alone && !reading_)) return;
  metrics.log_likelihood = sequence->score / static_cast<double>(sequence->ids.size());
  metrics.entropy = watch_->entropy();
}

CellResult Cell::result() {
  if (!ticket_) return result_;
  cancel();
  while (const auto event = ticket_.next()) tell(*watch_, *event);
  keep(ticket_.outcome());
  ticket_ = {};
  return result_;
}

}  // namespace decant
