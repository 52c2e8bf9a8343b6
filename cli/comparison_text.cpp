// A comparison in a terminal: what all texts have in common once, and below it, column by column, how each goes on.
#include <algorithm>

#include "cli/comparison.h"
#include "cli/flow.h"

namespace decant {
namespace {

constexpr std::string_view gap = " │ ";
constexpr int kGutter = 16;  // names of the metrics
constexpr int kNarrowest = 20;

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

std::string row(std::string_view name, std::span<const std::string> cells) {
  std::string line = fit(name, kGutter);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += gap;
    line += cells[i];
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// Rows of cells that have several lines each.
std::string block(const std::vector<std::vector<std::string>>& cells, int width) {
  std::size_t height = 0;
  for (const auto& cell : cells) height = std::max(height, cell.size());
  std::string text;
  for (std::size_t i = 0; i < height; ++i) {
    std::vector<std::string> line;
    for (const auto& cell : cells)
      line.push_back(i < cell.size() ? cell[i] : std::string(static_cast<std::size_t>(width), ' '));
    text += row("", line);
  }
  return text;
}

std::string rule(std::size_t columns, int width) {
  std::string text(kGutter, ' ');
  for (std::size_t i = 0; i < columns; ++i) {
    if (i > 0) text += "─┼─";
    for (int j = 0; j < width; ++j) text += "─";
  }
  return text + "\n";
}

std::string heads(const View& view, std::size_t begin, std::size_t count, int width) {
  std::vector<std::vector<std::string>> cells;
  for (std::size_t i = begin; i < begin + count; ++i) {
    const FlowPiece label{view.comparison.columns[i].label};
    const Paint bold = [&](int, std::string_view text) { return view.style.bold(text); };
    cells.push_back(flow(std::span(&label, 1), width, bold));
  }
  return block(cells, width) + rule(count, width);
}

std::string numbers(std::span<const TextMetrics> all, int width) {
  std::string text;
  for (const MetricInfo& metric : metrics()) {
    if (metric.name == "seconds") continue;
    std::vector<std::string> cells;
    for (const TextMetrics& each : all) cells.push_back(fit_right(show(each, metric), width));
    text += row(metric.label, cells);
  }
  return text;
}

// Calls show(first column, columns, width of each) for as many columns at a time as fit.
template <class Show>
std::string in_blocks(const View& view, Show show) {
  const std::size_t columns = view.comparison.columns.size();
  const auto fitting = static_cast<std::size_t>(std::max(1, (view.width - kGutter + 3) / (kNarrowest + 3)));
  const std::size_t blocks = (columns + fitting - 1) / fitting;
  const std::size_t at_once = (columns + blocks - 1) / blocks;  // evenly
  const int width = std::min((view.width - kGutter + 3) / static_cast<int>(at_once) - 3, 100);
  std::string text;
  for (std::size_t begin = 0; begin < columns; begin += at_once) {
    if (begin > 0) text += "\n";
    text += show(begin, std::min(at_once, columns - begin), std::max(width, kNarrowest));
  }
  return text;
}

std::string whole_width(const View& view, std::string_view name, const FlowPiece& piece) {
  std::string text;
  for (const std::string& line : view.set(std::span(&piece, 1), view.width - kGutter)) {
    text += row(text.empty() ? name : "", std::span(&line, 1));
  }
  return text;
}

std::string show_prompt(const View& view, const ComparedPrompt& prompt) {
  std::string text = whole_width(view, "prompt", {prompt.text}) + "\n";
  if (prompt.common > 0) text += whole_width(view, "all begin", {common_text(prompt), quiet}) + "\n";
  return text + in_blocks(view, [&](std::size_t begin, std::size_t count, int width) {
           std::vector<std::vector<std::string>> cells;
           std::vector<TextMetrics> all;
           for (std::size_t i = begin; i < begin + count; ++i) {
             const CellResult& cell = prompt.cells[i];
             cells.push_back(view.set(cell_pieces(view, prompt, cell), width));
             all.push_back(cell.metrics);
           }
           return heads(view, begin, count, width) + block(cells, width) + rule(count, width) + numbers(all, width);
         });
}

std::string show_means(const View& view) {
  const auto means = column_means(view.comparison);
  return fmt::format("\n\nmeans over {} prompts\n\n", view.comparison.prompts.size()) +
         in_blocks(view, [&](std::size_t begin, std::size_t count, int width) {
           return heads(view, begin, count, width) + numbers(std::span(means).subspan(begin, count), width);
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
