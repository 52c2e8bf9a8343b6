// Tested by tests/cli/comparison_test.cpp and compare_test.py.
#include "cli/comparison.h"

#include <algorithm>
#include <memory>

#include "base/utf8.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "options/table.h"

namespace decant {
namespace {

// The cells that are under way, and which come next.
class Rounds {
 public:
  Rounds(Session& session, Comparison& comparison) : session_(session), comparison_(comparison) { fill(); }

  bool any() const { return !live_.empty(); }

  // Until something has happened, or a moment has passed.
  void wait() {
    seen_ = bell_->wait(seen_, kBetweenLooks);
    collect(false);
    fill();
  }

  void stop() {
    for (auto& [place, cell] : live_) cell->cancel();  // all of them, before the first is waited for
    collect(true);
  }

  double fraction() const {
    double sum = static_cast<double>(ended_);
    for (const auto& [place, cell] : live_) sum += cell->fraction();
    return sum / static_cast<double>(comparison_.columns.size() * comparison_.prompts.size());
  }

 private:
  CellResult& result(std::size_t place) {
    const std::size_t columns = comparison_.columns.size();
    return comparison_.prompts[place / columns].cells[place % columns];
  }

  void fill() {
    const std::size_t columns = comparison_.columns.size();
    while (live_.size() < kLiveCells && next_ < columns * comparison_.prompts.size()) {
      const Column& column = comparison_.columns[next_ % columns];
      const int prompt = static_cast<int>(next_ / columns);
      CellSetup setup{column.config, column.voices, prompt, column.recipe};
      if (comparison_.traced) {
        setup.traced = run_info(session_, column.config, column.strategy_name());
        setup.traced->label = column.label;
        const Prompt read = session_.prompt_for(column.config, prompt);
        setup.traced->prompt = read.tokens;
        setup.traced->prompt_text = read.text;
        setup.traced->healed = read.healed;
      }
      live_.emplace_back(next_++, std::make_unique<Cell>(session_, std::move(setup), bell_));
      collect(false);  // it may have failed, or be empty by definition
    }
  }

  void collect(bool all) {
    std::erase_if(live_, [&](auto& each) {
      auto& [place, cell] = each;
      if (!all && cell->running()) return false;
      result(place) = cell->result();
      ++ended_;
      return true;
    });
  }

  Session& session_;
  Comparison& comparison_;
  std::vector<std::pair<std::size_t, std::unique_ptr<Cell>>> live_;
  std::size_t next_ = 0, ended_ = 0;
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::uint64_t seen_ = 0;  // of its rings
};

bool is_whole(const std::vector<std::string>& pieces, int count) {
  Utf8Buffer utf8;
  for (int i = 0; i < count; ++i) utf8.push(pieces[static_cast<std::size_t>(i)]);
  return utf8.flush().empty();
}

// The text token by token, in whole characters; then from where to before which token it repeats n-grams.
void write_pieces(JsonWriter& json, const CellResult& cell, int ngram) {
  if (cell.error) return;
  Utf8Buffer utf8;
  json.key("pieces").begin_array();
  for (std::size_t i = 0; i < cell.pieces.size(); ++i) {
    const std::string whole = utf8.push(cell.pieces[i]);
    json.value(i + 1 < cell.pieces.size() ? whole : whole + utf8.flush());
  }
  json.end_array().key("repeated").begin_array();
  const std::vector<bool> marks = repeated_tokens(cell.ids, ngram);
  for (auto begin = marks.begin(); (begin = std::find(begin, marks.end(), true)) != marks.end();) {
    const auto end = std::find(begin, marks.end(), false);
    json.begin_array().value(begin - marks.begin()).value(end - marks.begin()).end_array();
    begin = end;
  }
  json.end_array();
}

}  // namespace

int compare(Session& session, Comparison& comparison, bool quiet) {
  for (ComparedPrompt& prompt : comparison.prompts) prompt.cells.resize(comparison.columns.size());
  catch_interrupts();
  Progress progress("comparing", !quiet);
  Rounds rounds(session, comparison);
  while (rounds.any() && !interrupted()) {
    rounds.wait();
    progress.update(rounds.fraction());
  }
  rounds.stop();
  for (ComparedPrompt& prompt : comparison.prompts) prompt.common = common_beginning(prompt.cells);
  return interrupted() ? 128 + interrupted() : 0;
}

int common_beginning(const std::vector<CellResult>& cells) {
  const CellResult* first = nullptr;
  int common = 0, texts = 0;
  for (const CellResult& cell : cells) {
    if (cell.error) continue;
    ++texts;
    if (!first) {
      first = &cell;
      common = static_cast<int>(cell.ids.size());
    }
    const auto parts = std::mismatch(first->ids.begin(), first->ids.begin() + common, cell.ids.begin(), cell.ids.end());
    common = static_cast<int>(parts.first - first->ids.begin());
    const auto shown =
        std::mismatch(first->pieces.begin(), first->pieces.begin() + common, cell.pieces.begin(), cell.pieces.end());
    common = static_cast<int>(shown.first - first->pieces.begin());
  }
  if (texts < 2) return 0;
  while (common > 0 && !is_whole(first->pieces, common)) --common;
  return common;
}

std::vector<MarkedPiece> marked_text(const Comparison& comparison, const ComparedPrompt& prompt,
                                     const CellResult& cell) {
  const std::vector<bool> repeated = repeated_tokens(cell.ids, comparison.ngram);
  std::vector<MarkedPiece> pieces;
  Utf8Buffer utf8;
  const auto common = static_cast<std::size_t>(prompt.common);
  for (std::size_t i = common; i < cell.pieces.size(); ++i) {
    const bool parts = i == common && comparison.columns.size() > 1;
    pieces.push_back({utf8.push(cell.pieces[i]), parts, repeated[i]});
  }
  if (!pieces.empty()) pieces.back().text += utf8.flush();
  return pieces;
}

std::string common_text(const ComparedPrompt& prompt) {
  for (const CellResult& cell : prompt.cells) {
    if (cell.error) continue;
    std::string text;
    for (int i = 0; i < prompt.common; ++i) text += cell.pieces[static_cast<std::size_t>(i)];
    return as_utf8(text);
  }
  return "";
}

std::vector<TextMetrics> column_means(const Comparison& comparison) {
  std::vector<TextMetrics> means;
  for (std::size_t column = 0; column < comparison.columns.size(); ++column) {
    std::vector<TextMetrics> all;
    for (const ComparedPrompt& prompt : comparison.prompts) {
      all.push_back(prompt.cells[column].metrics);
    }
    means.push_back(mean(all));
  }
  return means;
}

std::string comparison_json(const Comparison& comparison) {
  JsonWriter json;
  json.begin_object().field("schema", 1).field("model", comparison.model).field("ngram", comparison.ngram);
  json.key("metrics");
  write_metric_table(json);
  const auto means = column_means(comparison);
  json.key("settings").begin_array();
  for (std::size_t i = 0; i < comparison.columns.size(); ++i) {
    const Column& column = comparison.columns[i];
    json.begin_object().field("label", column.label).field("strategy", column.strategy_name());
    json.field("amateur_alone", column.voices == Session::Voices::amateur_alone);
    json.key("options");
    write_json(json, generation_fields(), column.config);
    write_metrics(json, means[i]);
    write_times(json, means[i]);
    json.end_object();
  }
  json.end_array().key("prompts").begin_array();
  for (const ComparedPrompt& prompt : comparison.prompts) {
    json.begin_object().field("prompt", prompt.text).key("prompt_ids").begin_array();
    for (const Token id : prompt.ids) json.value(id);
    json.end_array().key("common").begin_object();
    json.field("tokens", prompt.common).field("text", common_text(prompt)).end_object();
    json.key("texts").begin_array();
    for (std::size_t i = 0; i < prompt.cells.size(); ++i) {
      json.begin_object().field("label", comparison.columns[i].label);
      write_fields(json, prompt.cells[i]);
      write_pieces(json, prompt.cells[i], comparison.ngram);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.text() + "\n";
}

}  // namespace decant
