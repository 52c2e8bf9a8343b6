// What a sweep has found, read back from its file: means over the prompts, as a table and as a page with plots.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/grid.h"
#include "cli/html_report.h"
#include "cli/text_metrics.h"

namespace decant {

struct SweepSummary {
  std::vector<TextMetrics> means;  // by combination, over the prompts that are there; of those that were begun
  std::uint64_t results = 0, failed = 0;
  std::string first_error = {};
};

// `name` is the file's, for messages. Throws Error(data) for what is no sweep, or has a damaged line.
SweepSummary summarize(std::istream& file, const std::string& name);

// As many metrics side by side as fit `width` columns, the others below.
std::string sweep_table(const Grid& grid, const SweepSummary& summary, std::size_t most_rows, int width);

// What the page of a sweep shows, JSON Lines: the file's header, a summary with the table of metrics, the means of each
// combination, and the results up to a number that a browser can hold. Reads the file again, a line at a time.
void write_page_data(std::istream& file, const std::string& name, const SweepSummary& summary,
                     const HtmlReport::Sink& out);

}  // namespace decant
