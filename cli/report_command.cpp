// decant report: a trace, a comparison or a sweep as one HTML file.
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/report_data.h"
#include "cli/sweep_report.h"

namespace decant {
namespace {

struct Options {
  std::string trace;
  std::optional<std::string> out;
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant report", "Make one HTML file of a trace, a comparison or a sweep, to be opened from disk.",
              "Example: decant run --jsonl --seed 1 \"My name is\" > trace.jsonl; decant report trace.jsonl");
  flags.own("TRACE", options.trace,
            "a file written by run --jsonl, compare --json or sweep --out; - is standard input");
  flags.own("-o,--output", options.out, "the HTML file; the other one's name with .html if not set").type("FILE");
  if (flags.parse(arguments)) return true;
  Output().write(flags.help());
  return false;
}

void write_sweep(const Input& input, const std::string& file, HtmlReport& report) {
  std::unique_ptr<std::istream> lines;
  if (input.is_file()) {
    lines = std::make_unique<std::ifstream>(file, std::ios::binary);
  } else {
    lines = std::make_unique<std::istringstream>(std::string(input.bytes()));
  }
  const std::string name = std::filesystem::path(file).filename().string();
  const SweepSummary summary = summarize(*lines, file);
  report.write([&](const HtmlReport::Sink& out) { write_page_data(*lines, name, summary, out); });
}

void write_report(const Input& input, const std::string& file, HtmlReport& report) {
  const std::string_view text = without_last_line_end(input.bytes());
  if (is_sweep(text)) return write_sweep(input, file, report);
  report.write([&](const HtmlReport::Sink& out) { write_report_data(text, file, out); });
}

}  // namespace

int report_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  if (options.trace.empty()) {
    throw Error(ErrorKind::usage,
                "there is no TRACE to report on: name a file written by run --jsonl, compare --json or sweep --out");
  }
  if (options.trace == "-" && !options.out) {
    throw Error(ErrorKind::usage, "a trace from standard input needs -o FILE for its report");
  }
  const Input input(options.trace, "file of TRACE", kMostListBytes);
  std::filesystem::path out = options.trace;
  options.out ? out = *options.out : out.replace_extension(".html");
  std::error_code not_there;
  if (std::filesystem::equivalent(out, options.trace, not_there)) {
    throw Error(ErrorKind::usage, "the report would replace {}: name another file with -o", options.trace);
  }
  HtmlReport report(out);
  write_report(input, options.trace, report);
  tell_where(out, false);
  return 0;
}

}  // namespace decant
