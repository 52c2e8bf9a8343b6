// A comparison as a web page.
#include "cli/comparison.h"
#include "cli/html_page.h"

namespace decant {
namespace {

std::string options_of(const Column& column) {
  std::string strategy(column.strategy->name);
  return column.voices == Session::Voices::amateur_alone ? strategy + ", by the amateur alone" : strategy;
}

std::string shown_text(const Comparison& comparison, const ComparedPrompt& prompt, const CellResult& cell) {
  if (cell.error) return fmt::format("<span class=\"quiet\">failed: {}</span>", html_text(cell.error_message()));
  std::string html = fmt::format("<span class=\"quiet\">{}</span>", html_text(common_text(prompt)));
  bool marks = false;
  for (const MarkedPiece& piece : marked_text(comparison, prompt, cell)) {
    if (piece.repeated != marks) html += piece.repeated ? "<mark>" : "</mark>";
    marks = piece.repeated;
    const std::string text = html_text(piece.text);
    html += piece.parts ? fmt::format("<span class=\"parts\">{}</span>", text) : text;
  }
  return html + (marks ? "</mark>" : "");
}

std::string table(const Comparison& comparison, std::span<const TextMetrics> rows) {
  std::string html = "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\" class=\"name\">setting</th>";
  for (const MetricInfo& metric : metrics()) {
    html += fmt::format("<th scope=\"col\" title=\"{}\">{}</th>", html_text(metric.doc), html_text(metric.label));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    html += fmt::format("<tr><th scope=\"row\" class=\"name\">{}</th>", html_text(comparison.columns[i].label));
    for (const MetricInfo& metric : metrics()) html += fmt::format("<td>{}</td>", show(rows[i], metric));
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n";
}

std::string section(const Comparison& comparison, const ComparedPrompt& prompt, std::size_t number) {
  std::string html =
      fmt::format("<section>\n<h2>Prompt {}</h2>\n<p class=\"prompt text\">{}</p>\n<div class=\"columns\">\n", number,
                  html_text(prompt.text));
  std::vector<TextMetrics> rows;
  for (std::size_t i = 0; i < prompt.cells.size(); ++i) {
    const Column& column = comparison.columns[i];
    html += fmt::format("<article>\n<h3>{}</h3>\n<p class=\"quiet\">{}</p>\n<p class=\"text\">{}</p>\n</article>\n",
                        html_text(column.label), html_text(options_of(column)),
                        shown_text(comparison, prompt, prompt.cells[i]));
    rows.push_back(prompt.cells[i].metrics);
  }
  return html + "</div>\n" + table(comparison, rows) + "</section>\n";
}

}  // namespace

std::string comparison_page(const Comparison& comparison) {
  std::string body = fmt::format(
      "<h1>{} settings compared</h1>\n<p class=\"quiet\">{}. Grey: what all texts begin with. "
      "<span class=\"parts\">Blue</span>: where they part. <mark>Underlined</mark>: repeats {} tokens that stood "
      "before.</p>\n",
      comparison.columns.size(), html_text(comparison.model), comparison.ngram);
  for (std::size_t i = 0; i < comparison.prompts.size(); ++i) body += section(comparison, comparison.prompts[i], i + 1);
  if (comparison.prompts.size() > 1) {
    body += fmt::format("<section>\n<h2>Means over {} prompts</h2>\n{}</section>\n", comparison.prompts.size(),
                        table(comparison, column_means(comparison)));
  }
  return html_page("decant compare", body);
}

}  // namespace decant
