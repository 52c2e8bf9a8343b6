// Tested by tests/cli/sweep_report_test.cpp and sweep_test.py.
#include "cli/sweep_report.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "cli/style.h"
#include "cli/sweep_file.h"

namespace decant {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostTexts = 1000;  // that a browser holds easily

struct Size {
  std::uint64_t prompts = 0, points = 0;
};

json parse(const std::string& line, const std::string& name) {
  json value = json::parse(line, nullptr, false);
  if (!value.is_object()) throw Error(ErrorKind::data, "{} has a damaged line", name);
  return value;
}

[[noreturn]] void reject(const std::string& name, std::string_view reason) {
  throw Error(ErrorKind::data, "{} is no sweep: {}", name, reason);
}

// What the header says; everything that the page reads of it is there then.
Size read_header(const std::string& line, const std::string& name) {
  const json header = parse(line, name);
  const auto is = [&](const char* field, json::value_t type) {
    return header.contains(field) && header[field].type() == type;
  };
  if (!is("sweep", json::value_t::number_unsigned)) reject(name, "its first line has no number 'sweep'");
  if (header["sweep"] > kSweepSchema)
    reject(name, fmt::format("schema {} is newer than this program's {}", header["sweep"].dump(), kSweepSchema));
  if (!is("settings", json::value_t::array) || !is("grid", json::value_t::object) ||
      !is("prompts", json::value_t::object) || !is("points", json::value_t::number_unsigned))
    reject(name, "its first line lacks settings, grid, prompts or points");
  const Size size{header["prompts"].value("count", std::uint64_t{0}), header["points"]};
  if (size.prompts == 0) reject(name, "its first line counts no prompts");
  return size;
}

// The next result; nothing at the end, or where the last line was cut.
std::optional<json> read_result(std::istream& file, std::string& line, const std::string& name) {
  if (!std::getline(file, line)) return std::nullopt;
  if (file.eof() && !json::accept(line)) return std::nullopt;
  return parse(line, name);
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

std::string summary_line(const SweepSummary& summary, const std::string& name) {
  JsonWriter out;
  out.begin_object().key("summary").begin_object();
  out.field("file", name).field("results", summary.results).field("failed", summary.failed);
  out.key("metrics");
  write_metric_table(out);
  out.end_object().end_object().end_line();
  return out.text();
}

}  // namespace

SweepSummary summarize(std::istream& file, const std::string& name) {
  SweepSummary summary;
  std::string line;
  if (!std::getline(file, line)) reject(name, "it is empty");
  const Size size = read_header(line, name);
  std::vector<TextMetrics> of_combination;
  while (summary.results < size.points) {
    const std::optional<json> result = read_result(file, line, name);
    if (!result) break;
    if (result->contains("error") && summary.failed++ == 0) summary.first_error = result->value("error", "");
    if (summary.results++ % size.prompts == 0) {
      of_combination.clear();
      summary.means.emplace_back();
    }
    of_combination.push_back(read_metrics(*result));
    summary.means.back() = mean(of_combination);
  }
  return summary;
}

void write_page_data(std::istream& file, const std::string& name, const SweepSummary& summary,
                     const HtmlReport::Sink& out) {
  file.clear();
  file.seekg(0);
  std::string line;
  std::getline(file, line);
  out(line + "\n");
  out(summary_line(summary, name));
  JsonWriter means;
  for (const TextMetrics& each : summary.means) {
    means.clear();
    means.begin_object().key("means");
    write_row(means, each);
    means.end_object().end_line();
    out(means.text());
  }
  for (std::uint64_t i = 0; i < std::min(summary.results, kMostTexts); ++i) {
    std::getline(file, line);
    out(line + "\n");
  }
}

std::string sweep_table(const Grid& grid, const SweepSummary& summary, std::size_t most_rows, int width) {
  const std::size_t rows = std::min<std::size_t>(most_rows, summary.means.size());
  std::vector<std::string> names;
  int widest = 8;
  for (std::size_t i = 0; i < rows; ++i) {
    names.push_back(harmless(grid.describe(i)));
    widest = std::max(widest, std::min({columns(names.back()), 48, width / 2}));
  }
  std::string text;
  const auto all = metrics();
  for (std::size_t begin = 0; begin < all.size();) {  // as many metrics at a time as fit
    std::size_t end = begin;
    for (int used = widest; end < all.size() && (end == begin || used + 2 + columns(all[end].label) <= width); ++end)
      used += 2 + columns(all[end].label);
    const auto part = all.subspan(begin, end - begin);
    text += fmt::format("{}{}", begin > 0 ? "\n" : "", fit("", widest));
    for (const MetricInfo& metric : part) text += fmt::format("  {}", metric.label);
    text += "\n";
    for (std::size_t i = 0; i < rows; ++i) {
      text += fit(names[i], widest);
      for (const MetricInfo& metric : part)
        text += "  " + fit_right(show(summary.means[i], metric), columns(metric.label));
      text += "\n";
    }
    begin = end;
  }
  if (rows < summary.means.size()) text += fmt::format("and {} more\n", summary.means.size() - rows);
  return text;
}

}  // namespace decant
