// A comparison in a terminal: what all texts have in common once, and below it, column by column, how each goes on.
#include <algorithm>

#include "cli/comparison.h"
#include "cli/flow.h"
#include "cli/side_by_side.h"

namespace decant {
namespace {

constexpr int kGutter = 16;  // names of the metrics

enum Look { plain, quiet, parts, repeated };

struct View {
  const Comparison& comparison;
  const Style& style;
  bool color;
  int width;

  std::string paint(int look, std::string_view text) const {
    if (look == quiet) return style.quiet(text);
    if (look == parts) return style.chosen(text);
    return look == repeated ? style.underlined(text) : std::string(text);
  }
  std::vector<std::string> set(std::span<const FlowPiece> pieces, int columns) const {
    return flow(pieces, columns, [this](int look, std::string_view text) { return paint(look, text); });
  }
  SideBySide layout() const { return {width, kGutter}; }
};

// Without colour the marks are brackets.
std::vector<FlowPiece> bracketed(const std::vector<MarkedPiece>& marked) {
  std::vector<FlowPiece> pieces;
  bool open = false;
  for (const MarkedPiece& each : marked) {
    const bool marks = each.repeated && !each.parts;
    if (marks != open) pieces.push_back({open ? "⟩" : "⟨"});
    open = marks;
    pieces.push_back({each.parts ? fmt::format("[{}]", each.text) : each.text});
  }
  if (open) pieces.push_back({"⟩"});
  return pieces;
}

std::vector<FlowPiece> coloured(const std::vector<MarkedPiece>& marked) {
  std::vector<FlowPiece> pieces;
  for (const MarkedPiece& each : marked)
    pieces.push_back({each.text, each.parts ? parts : each.repeated ? repeated : plain});
  return pieces;
}

std::vector<FlowPiece> cell_pieces(const View& view, const ComparedPrompt& prompt, const CellResult& cell) {
  if (cell.error) return {{"failed: " + cell.error_message(), quiet}};
  const auto marked = marked_text(view.comparison, prompt, cell);
  if (marked.empty()) return {{prompt.common > 0 ? "(ends here)" : "(no text)", quiet}};
  return view.color ? coloured(marked) : bracketed(marked);
}

std::string heads(const View& view, int begin, int count, int width) {
  std::vector<std::vector<std::string>> cells;
  for (int i = begin; i < begin + count; ++i) {
    const FlowPiece label{view.comparison.columns[static_cast<std::size_t>(i)].label};
    const Paint bold = [&](int, std::string_view text) { return view.style.bold(text); };
    cells.push_back(flow(std::span(&label, 1), width, bold));
  }
  return view.layout().lines(cells, width) + view.layout().rule(count, width);
}

std::string numbers(const View& view, std::span<const TextMetrics> all, int width) {
  std::string text;
  for (const MetricInfo& metric : metrics()) {
    if (metric.name == "seconds") continue;
    std::vector<std::string> cells;
    for (const TextMetrics& each : all) cells.push_back(fit_right(show(each, metric), width));
    text += view.layout().row(metric.label, cells);
  }
  return text;
}

std::string whole_width(const View& view, std::string_view name, const FlowPiece& piece) {
  std::string text;
  for (const std::string& line : view.set(std::span(&piece, 1), view.width - kGutter)) {
    text += view.layout().row(text.empty() ? name : "", std::span(&line, 1));
  }
  return text;
}

std::string show_prompt(const View& view, const ComparedPrompt& prompt) {
  std::string text = whole_width(view, "prompt", {prompt.text}) + "\n";
  if (prompt.common > 0) text += whole_width(view, "all begin", {common_text(prompt), quiet}) + "\n";
  const SideBySide layout = view.layout();
  return text + layout.blocks(static_cast<int>(prompt.cells.size()), [&](int begin, int count, int width) {
    std::vector<std::vector<std::string>> cells;
    std::vector<TextMetrics> all;
    for (int i = begin; i < begin + count; ++i) {
      const CellResult& cell = prompt.cells[static_cast<std::size_t>(i)];
      cells.push_back(view.set(cell_pieces(view, prompt, cell), width));
      all.push_back(cell.metrics);
    }
    return heads(view, begin, count, width) + layout.lines(cells, width) + layout.rule(count, width) +
           numbers(view, all, width);
  });
}

std::string show_means(const View& view) {
  const auto means = column_means(view.comparison);
  return fmt::format("\n\nmeans over {} prompts\n\n", view.comparison.prompts.size()) +
         view.layout().blocks(static_cast<int>(means.size()), [&](int begin, int count, int width) {
           const auto part = std::span(means).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
           return heads(view, begin, count, width) + numbers(view, part, width);
         });
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const Style& style, bool color, int width) {
  const View view{comparison, style, color, width};
  std::string text;
  for (const ComparedPrompt& prompt : comparison.prompts) {
    if (!text.empty()) text += "\n\n";
    text += show_prompt(view, prompt);
  }
  if (comparison.prompts.size() > 1) text += show_means(view);
  const std::string parting = color ? style.chosen("blue") : "[...]",
                    repeat = color ? style.underlined("underlined") : "⟨...⟩";
  const bool one_line = width >= 60;
  return text + fmt::format("\n{} the texts part,{}{} repeats {} tokens\n", parting, one_line ? " " : "\n", repeat,
                            comparison.ngram);
}

}  // namespace decant
