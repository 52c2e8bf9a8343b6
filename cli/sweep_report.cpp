// Tested by tests/cli/sweep_test.py.
#include "cli/sweep_report.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/html_page.h"
#include "cli/line_plot.h"
#include "cli/style.h"

namespace decant {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostTexts = 1000, kMostRows = 5000;  // that a browser holds easily

// Calls use(result) for each result of the file.
template <class Use>
void for_each_result(const std::filesystem::path& path, Use use) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorKind::no_input, "the sweep {} cannot be read", path.string());
  std::string line;
  for (std::getline(file, line); std::getline(file, line);) {
    const json result = json::parse(line, nullptr, false);
    if (!result.is_object()) throw Error(ErrorKind::data, "{} has a damaged line", path.string());
    if (!use(result)) return;
  }
}

TextMetrics read_metrics(const json& result) {
  TextMetrics values = no_metrics();
  for (const MetricInfo& metric : metrics()) {
    const json& group = result.value(metric.is_time ? "time" : "metrics", json::object());
    if (const auto found = group.find(metric.name); found != group.end() && found->is_number())
      values.*metric.value = *found;
  }
  return values;
}

// What is drawn along x, and what has a line each: axes with several values, settings behind them. -1: nothing, 0: the
// settings, else an axis, counted from 1.
struct Directions {
  int x = 0, lines = -1;
};

Directions directions(const Grid& grid) {
  std::vector<int> open;
  for (std::size_t i = 0; i < grid.axes().size(); ++i) {
    if (grid.axes()[i].values.size() > 1) open.push_back(static_cast<int>(i) + 1);
  }
  const bool settings = grid.columns().size() > 1;
  if (open.empty()) return {settings || grid.axes().empty() ? 0 : 1, -1};
  return {open[0], open.size() > 1 ? open[1] : settings ? 0 : -1};
}

std::size_t size_of(const Grid& grid, int direction) {
  if (direction < 0) return 1;
  return direction == 0 ? grid.columns().size() : grid.axes()[static_cast<std::size_t>(direction) - 1].values.size();
}

std::string name_of(const Grid& grid, int direction) {
  return direction <= 0 ? "setting" : std::string(grid.axes()[static_cast<std::size_t>(direction) - 1].field->name);
}

std::string label_of(const Grid& grid, int direction, std::size_t place) {
  if (direction < 0) return "";
  return direction == 0 ? grid.columns()[place].label
                        : grid.axes()[static_cast<std::size_t>(direction) - 1].label(place);
}

// The means of all combinations that share a place along x and a line: over everything else.
std::vector<std::vector<TextMetrics>> plotted(const Grid& grid, const SweepSummary& summary, const Directions& along) {
  const std::size_t width = size_of(grid, along.x), lines = size_of(grid, along.lines);
  std::vector<std::vector<std::vector<TextMetrics>>> all(lines, std::vector<std::vector<TextMetrics>>(width));
  for (std::uint64_t i = 0; i < summary.means.size(); ++i) {
    const auto places = grid.places(i);
    const std::size_t line = along.lines < 0 ? 0 : places[static_cast<std::size_t>(along.lines)];
    all[line][places[static_cast<std::size_t>(along.x)]].push_back(summary.means[i]);
  }
  std::vector<std::vector<TextMetrics>> means(lines);
  for (std::size_t line = 0; line < lines; ++line) {
    for (const auto& each : all[line]) means[line].push_back(mean(each));
  }
  return means;
}

std::string plots(const Grid& grid, const SweepSummary& summary) {
  const Directions along = directions(grid);
  const auto means = plotted(grid, summary, along);
  LinePlot plot;
  plot.x_label = name_of(grid, along.x);
  for (std::size_t i = 0; i < size_of(grid, along.x); ++i) plot.x.push_back(label_of(grid, along.x, i));
  for (std::size_t i = 0; i < means.size(); ++i) plot.lines.push_back({label_of(grid, along.lines, i), {}});
  std::string html = plot_key(name_of(grid, along.lines), plot.lines) + "<div class=\"plots\">\n";
  for (const MetricInfo& metric : metrics()) {
    plot.title = metric.label;
    plot.doc = metric.doc;
    plot.decimals = metric.decimals;
    for (std::size_t line = 0; line < means.size(); ++line) {
      plot.lines[line].y.clear();
      for (const TextMetrics& each : means[line]) plot.lines[line].y.push_back(each.*metric.value);
    }
    html += fmt::format("<figure>{}</figure>\n", to_svg(plot));
  }
  return html + "</div>\n";
}

std::string page_table(const Grid& grid, const SweepSummary& summary) {
  std::string html = "<div class=\"wide\"><table>\n<thead><tr>";
  if (grid.columns().size() > 1 || grid.axes().empty()) html += "<th scope=\"col\" class=\"name\">setting</th>";
  for (const Axis& axis : grid.axes()) html += fmt::format("<th scope=\"col\">{}</th>", axis.field->name);
  for (const MetricInfo& metric : metrics())
    html += fmt::format("<th scope=\"col\" title=\"{}\">{}</th>", html_text(metric.doc), metric.label);
  html += "</tr></thead>\n<tbody>\n";
  const std::uint64_t rows = std::min<std::uint64_t>(summary.means.size(), kMostRows);
  for (std::uint64_t i = 0; i < rows; ++i) {
    const auto places = grid.places(i);
    html += "<tr>";
    if (grid.columns().size() > 1 || grid.axes().empty())
      html += fmt::format("<th scope=\"row\" class=\"name\">{}</th>", html_text(grid.columns()[places[0]].label));
    for (std::size_t axis = 0; axis < grid.axes().size(); ++axis) {
      html += fmt::format("<th scope=\"row\">{}</th>", html_text(grid.axes()[axis].label(places[axis + 1])));
    }
    for (const MetricInfo& metric : metrics()) html += fmt::format("<td>{}</td>", show(summary.means[i], metric));
    html += "</tr>\n";
  }
  html += "</tbody>\n</table></div>\n";
  if (rows < summary.means.size())
    html += fmt::format("<p class=\"quiet\">The first {} of {}.</p>\n", rows, summary.means.size());
  return html;
}

std::string texts(const std::filesystem::path& file, const Grid& grid, const SweepSummary& summary) {
  std::string html;
  std::uint64_t number = 0;
  for_each_result(file, [&](const json& result) {
    const std::string text =
        result.contains("error") ? "failed: " + result.value("error", "") : result.value("text", "");
    if (number % grid.prompts() == 0) {
      const std::string head = grid.describe(number / grid.prompts());
      html += fmt::format("{}<details>\n<summary>{}</summary>\n", number == 0 ? "" : "</details>\n",
                          html_text(head.empty() ? "the texts" : head));
    }
    html += fmt::format("<p class=\"prompt text\"><span class=\"quiet\">{}</span>{}</p>\n",
                        html_text(result.value("prompt", "")), html_text(text));
    return ++number < kMostTexts;
  });
  if (number > 0) html += "</details>\n";
  if (number < summary.results)
    html += fmt::format("<p class=\"quiet\">The first {} of {} texts: all are in {}.</p>\n", number, summary.results,
                        html_text(file.filename().string()));
  return html;
}

}  // namespace

SweepSummary summarize(const std::filesystem::path& file, const Grid& grid) {
  SweepSummary summary;
  summary.means.assign(grid.combinations(), no_metrics());
  std::vector<TextMetrics> of_combination;
  for_each_result(file, [&](const json& result) {
    if (result.contains("error")) {
      if (summary.failed++ == 0) summary.first_error = result.value("error", "");
    }
    of_combination.push_back(read_metrics(result));
    const std::uint64_t combination = summary.results++ / grid.prompts();
    summary.means[combination] = mean(of_combination);
    if (summary.results % grid.prompts() == 0) of_combination.clear();
    return summary.results < grid.points();
  });
  return summary;
}

std::string sweep_table(const Grid& grid, const SweepSummary& summary, std::size_t most_rows) {
  const std::size_t rows = std::min<std::size_t>(most_rows, summary.means.size());
  std::vector<std::string> names;
  int widest = 8;
  for (std::size_t i = 0; i < rows; ++i) {
    names.push_back(harmless(grid.describe(i)));
    widest = std::max(widest, std::min(columns(names.back()), 48));
  }
  std::string text = fit("", widest);
  for (const MetricInfo& metric : metrics()) text += "  " + std::string(metric.label);
  text += "\n";
  for (std::size_t i = 0; i < rows; ++i) {
    text += fit(names[i], widest);
    for (const MetricInfo& metric : metrics())
      text += "  " + fit_right(show(summary.means[i], metric), columns(metric.label));
    text += "\n";
  }
  if (rows < summary.means.size()) text += fmt::format("and {} more\n", summary.means.size() - rows);
  return text;
}

std::string sweep_page(const std::filesystem::path& file, const Grid& grid, const SweepSummary& summary,
                       const std::string& model) {
  const bool whole = summary.results == grid.points();
  const std::string count =
      whole ? fmt::format("{} points", grid.points()) : fmt::format("{} of {} points", summary.results, grid.points());
  const Directions along = directions(grid);
  std::string averaged = grid.prompts() > 1 ? fmt::format("means over {} prompts", grid.prompts()) : "one prompt";
  std::size_t shown = size_of(grid, along.x) * size_of(grid, along.lines);
  if (shown < grid.combinations()) averaged += ", in the plots also over the other options";
  const std::string body = fmt::format(
      "<h1>Sweep of {}</h1>\n<p class=\"quiet\">{}; {}; {}.{}</p>\n<section>\n<h2>Plots</h2>\n{}</section>\n"
      "<section>\n<h2>Numbers</h2>\n{}</section>\n<section>\n<h2>Texts</h2>\n{}</section>\n",
      html_text(file.filename().string()), html_text(model), count, averaged,
      summary.failed > 0 ? fmt::format(" {} failed.", summary.failed) : "", plots(grid, summary),
      page_table(grid, summary), texts(file, grid, summary));
  return html_page("decant sweep", body);
}

}  // namespace decant
