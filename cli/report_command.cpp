// decant report: a trace (JSON Lines) as one HTML file.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "run/trace.h"

namespace decant {
namespace {

struct Options {
  std::string trace;
  std::optional<std::string> out;
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  CLI::App app("Make one HTML file of a trace, to be opened from disk.", "decant report");
  app.footer("Example: decant run --jsonl --seed 1 \"My name is\" > trace.jsonl; decant report trace.jsonl");
  app.add_option("TRACE", options.trace, "a file written by --jsonl; - is standard input")->required();
  app.add_option("-o,--output", options.out, "the HTML file; the trace's name with .html if not set")
      ->type_name("FILE");
  Flags flags(app);
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
[[noreturn]] void reject_syntax(const std::string& text, bool last, const std::string& file, std::size_t line) {
  const auto bad = find_invalid_utf8(text);
  const bool cut = last && (!bad || *bad + 3 >= text.size());
  if (!cut) check_utf8(text, file);
  reject(file, line, cut ? "it ends in the middle" : "not JSON");
}

std::string read_trace(const std::string& file) {
  std::string text = read_bytes(file, "TRACE");
  std::size_t records = 0, line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view record = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++line;
    if (record.find_first_not_of(" \t\r") == record.npos) continue;
    const auto parsed = nlohmann::json::parse(record, nullptr, false);
    if (parsed.is_discarded()) reject_syntax(text, end == text.size(), file, line);
    check_record(parsed, file, line);
    ++records;
  }
  if (records == 0) throw Error(ErrorKind::data, "{} has no trace record: make one with decant run --jsonl", file);
  return text + "\n";
}

}  // namespace

int report_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  if (options.trace == "-" && !options.out) {
    throw Error(ErrorKind::usage, "a trace from standard input needs -o FILE for its report");
  }
  const std::string trace = read_trace(options.trace);
  std::filesystem::path out = options.trace;
  options.out ? out = *options.out : out.replace_extension(".html");
  std::error_code not_there;
  if (std::filesystem::equivalent(out, options.trace, not_there)) {
    throw Error(ErrorKind::usage, "the report would replace the trace {}: name another file with -o", options.trace);
  }
  HtmlReport report(out);
  report.add(trace);
  report.write();
  return 0;
}

}  // namespace decant
