// Tested by tests/fuzz/llama_corpus_test.cpp, tests/cli/run_test.py, tests/cli/compare_test.py.
#include "cli/report_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/prompt.h"
#include "run/trace.h"

namespace decant {
namespace {

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

}  // namespace

bool is_sweep(std::string_view text) {
  const auto first = parse_json<nlohmann::json>(text.substr(0, text.find('\n')));
  return first && first->is_object() && first->contains("sweep");
}

void write_report_data(std::string_view text, const std::string& file, const HtmlReport::Sink& out) {
  if (const auto comparison = read_comparison(text, file)) return out(comparison->dump() + "\n");
  check_trace(text, file);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    out(std::string(line) + "\n");
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

}  // namespace decant
