// What a sweep has found, read back from its file: means over the prompts, as a table and as a page with plots.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/grid.h"
#include "cli/text_metrics.h"

namespace decant {

struct SweepSummary {
  std::vector<TextMetrics> means;  // by combination, over the prompts that are there
  std::uint64_t results = 0, failed = 0;
  std::string first_error = {};
};

// Throws Error(no_input), or Error(data) for a result that has no metrics.
SweepSummary summarize(const std::filesystem::path& file, const Grid& grid);

std::string sweep_table(const Grid& grid, const SweepSummary& summary, std::size_t most_rows);

// The page also has the texts, up to a number that a browser can hold.
std::string sweep_page(const std::filesystem::path& file, const Grid& grid, const SweepSummary& summary,
                       const std::string& model);

}  // namespace decant
