// A comparison as Markdown: a heading for each prompt, the texts as a table, the numbers as another.
#include "cli/comparison.h"
#include "cli/output.h"
#include "options/table.h"

namespace decant {
namespace {

// Text that means nothing in a table's cell but itself.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char each : without_controls(text)) {
    constexpr std::string_view special = "\\`*_{}[]()#+-!|~$:@";
    if (each == '\n') {
      out += "<br>";
    } else if (each == '<') {
      out += "&lt;";
    } else if (each == '>') {
      out += "&gt;";
    } else if (each == '&') {
      out += "&amp;";
    } else {
      if (special.find(each) != special.npos) out += '\\';
      out += each;
    }
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& each : line) {
    if (each == '\n' || each == '\t') each = ' ';
  }
  return line;
}

// The options that are not at their defaults; the seed, where it is used.
std::string set_options(const GenerationConfig& config, const StrategyRow& strategy) {
  const auto table = generation_fields();
  std::string text;
  for (const auto& field : table) {
    const Value value = value_of(config, field);
    if (is_equal(value, default_of(field)) || (field.name == "seed" && !strategy.draws(config))) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", field.name, one_line(to_text(value)));
  }
  return text;
}

std::string cell_text(const Comparison& comparison, const ComparedPrompt& prompt, const CellResult& cell) {
  if (cell.error) return "failed: " + escaped(cell.error_message());
  std::string text = escaped(common_text(prompt));
  bool marks = false;
  for (const MarkedPiece& piece : marked_text(comparison, prompt, cell)) {
    if (piece.repeated != marks) text += piece.repeated ? "<mark>" : "</mark>";
    marks = piece.repeated;
    text += piece.parts ? "<b>" + escaped(piece.text) + "</b>" : escaped(piece.text);
  }
  return text + (marks ? "</mark>" : "");
}

std::string settings_table(const Comparison& comparison) {
  std::string text = "| setting | strategy | options |\n|---|---|---|\n";
  for (const Column& column : comparison.columns) {
    const bool alone = column.voices == Session::Voices::amateur_alone;
    text += fmt::format("| {} | {}{} | {} |\n", escaped(column.label), escaped(column.strategy->name),
                        alone ? ", by the amateur alone" : "", escaped(set_options(column.config, *column.strategy)));
  }
  return text;
}

std::string numbers_table(const Comparison& comparison, std::span<const TextMetrics> rows) {
  std::string head = "| setting |", under = "|---|", body;
  for (const MetricInfo& metric : metrics()) {
    head += fmt::format(" {} |", metric.label);
    under += "---:|";
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    body += fmt::format("| {} |", escaped(comparison.columns[i].label));
    for (const MetricInfo& metric : metrics()) body += fmt::format(" {} |", show(rows[i], metric));
    body += "\n";
  }
  return head + "\n" + under + "\n" + body;
}

std::string section(const Comparison& comparison, const ComparedPrompt& prompt) {
  std::string text = fmt::format("## {}\n\n| setting | text |\n|---|---|\n", escaped(one_line(prompt.text)));
  std::vector<TextMetrics> rows;
  for (std::size_t i = 0; i < prompt.cells.size(); ++i) {
    const CellResult& cell = prompt.cells[i];
    text += fmt::format("| {} | {} |\n", escaped(comparison.columns[i].label), cell_text(comparison, prompt, cell));
    rows.push_back(cell.metrics);
  }
  return text + "\n" + numbers_table(comparison, rows) + "\n";
}

}  // namespace

std::string comparison_markdown(const Comparison& comparison) {
  std::string text = fmt::format(
      "# {} settings compared\n\nModel: {}. Bold: where the texts part. Underlined or marked: repeats "
      "{} tokens that stood before.\n\n{}\n",
      comparison.columns.size(), escaped(comparison.model), comparison.ngram, settings_table(comparison));
  for (const ComparedPrompt& prompt : comparison.prompts) text += section(comparison, prompt);
  if (comparison.prompts.size() > 1) {
    text += fmt::format("## Means over {} prompts\n\n{}\n", comparison.prompts.size(),
                        numbers_table(comparison, column_means(comparison)));
  }
  text.pop_back();
  return text;
}

}  // namespace decant
