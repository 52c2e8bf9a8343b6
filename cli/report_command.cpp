// decant report: a trace, a comparison or a sweep as one HTML file.
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/sweep_report.h"
#include "run/trace.h"

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
  flags.own("TRACE", options.trace, "a file written by run --jsonl, compare --json or sweep --out; - is standard input")
      .required();
  flags.own("-o,--output", options.out, "the HTML file; the other one's name with .html if not set").type("FILE");
  if (flags.parse(arguments)) return true;
  Output().write(flags.help());
  return false;
}

[[noreturn]] void reject(const std::string& file, std::size_t line, std::string_view reason) {
  throw Error(ErrorKind::data, "{} line {} is no trace record: {}", file, line, reason);
}

// A record whose fields are all there, so that the page shows every file that passes.
void check_record(const nlohmann::json& record, const std::string& file, std::size_t line) {
  if (!record.is_object()) reject(file, line, "not a JSON object");
  for (const char* field : {"schema", "seq", "t", "logsumexp", "p", "entropy", "kept"}) {
    if (!record.contains(field) || !record[field].is_number()) reject(file, line, fmt::format("no number '{}'", field));
  }
  if (record["schema"] > kTraceSchema) {
    reject(file, line, fmt::format("schema {} is newer than this program's {}", record["schema"].dump(), kTraceSchema));
  }
  if (!record.contains("token") || !record["token"].is_object()) reject(file, line, "no 'token'");
  if (!record.contains("top") || !record["top"].is_array()) reject(file, line, "no list 'top'");
}

// A file may have been cut inside a character: up to three bytes of it are left then.
[[noreturn]] void reject_syntax(std::string_view text, bool last, const std::string& file, std::size_t line) {
  const auto bad = find_invalid_utf8(text);
  const bool cut = last && (!bad || *bad + 3 >= text.size());
  if (!cut) check_utf8(text, file);
  reject(file, line, cut ? "it ends in the middle" : "not JSON");
}

// nullopt: not JSON, or nested deeper than whoever writes or shows it again could follow.
template <class Json>
std::optional<Json> parse_json(std::string_view text, bool* too_deep = nullptr) {
  constexpr int deepest = 100;
  int depth = 0;
  const auto watch = [&](int of_value, nlohmann::json::parse_event_t, const Json&) {
    depth = std::max(depth, of_value);
    return of_value <= deepest;
  };
  Json json = Json::parse(text, watch, false);
  if (too_deep) *too_deep = depth > deepest;
  return json.is_discarded() || depth > deepest ? std::nullopt : std::optional(std::move(json));
}

void check_trace(std::string_view text, const std::string& file) {
  std::size_t records = 0, line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view record = text.substr(begin, end - begin);
    begin = end + 1;
    ++line;
    if (record.find_first_not_of(" \t\r") == record.npos) continue;
    bool too_deep = false;
    const auto parsed = parse_json<nlohmann::json>(record, &too_deep);
    if (too_deep) reject(file, line, "nested too deeply");
    if (!parsed) reject_syntax(text, end == text.size(), file, line);
    check_record(*parsed, file, line);
    ++records;
  }
  if (records == 0) throw Error(ErrorKind::data, "{} has no trace record: make one with decant run --jsonl", file);
}

bool is_sweep(std::string_view text) {
  const auto first = parse_json<nlohmann::json>(text.substr(0, text.find('\n')));
  return first && first->is_object() && first->contains("sweep");
}

// Of one value, on however many lines; a trace that has more than one record is not.
std::optional<nlohmann::ordered_json> read_comparison(std::string_view text, const std::string& file) {
  auto json = parse_json<nlohmann::ordered_json>(text);
  if (!json || !json->is_object() || !json->contains("settings") || !json->contains("prompts")) return std::nullopt;
  for (const char* field : {"settings", "prompts", "metrics"}) {
    if (!json->contains(field) || !(*json)[field].is_array())
      throw Error(ErrorKind::data, "{} is no comparison: no list '{}': make it again with decant compare --json", file,
                  field);
  }
  return json;
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
  std::string_view text = without_last_line_end(input.bytes());
  if (is_sweep(text)) return write_sweep(input, file, report);
  if (const auto comparison = read_comparison(text, file)) {
    report.write([&](const HtmlReport::Sink& out) { out(comparison->dump() + "\n"); });
    return;
  }
  check_trace(text, file);
  report.write([&](const HtmlReport::Sink& out) {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      out(std::string(line) + "\n");
      text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
  });
}

}  // namespace

int report_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
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
  return 0;
}

}  // namespace decant
