#include <sstream>
#include <string>

#include "cli/report_data.h"
#include "cli/sweep_report.h"
#include "fuzz/targets.h"

namespace decant::fuzz {

void trace(std::string_view bytes) {
  std::size_t written = 0;
  const HtmlReport::Sink sink = [&](std::string_view piece) { written += piece.size(); };
  refuses([&] {
    if (!is_sweep(bytes)) return write_report_data(bytes, "trace.jsonl", sink);
    std::istringstream lines{std::string(bytes)};
    write_page_data(lines, "sweep", summarize(lines, "sweep.jsonl"), sink);
  });
}

}  // namespace decant::fuzz
