// Tested by tests/cli/speculation_report_test.cpp.
#include "cli/speculation_report.h"

#include <fmt/format.h>

namespace decant {
namespace {

using Drafter = SpeculationStats::Drafter;

constexpr std::string_view kIndent = "          ";  // of the lines behind the first, as wide as the labels of --stats

double percent(std::int64_t part, std::int64_t all) {
  return 100 * static_cast<double>(part) / static_cast<double>(all);
}

std::int64_t kept_at(const Drafter& drafter, std::size_t depth) {  // rounds that kept so many guesses or more
  return depth <= drafter.kept_at.size() ? drafter.kept_at[depth - 1] : 0;
}

// Shares of the rounds that went so deep, at depths that double: a line has room for them.
std::string by_depth(const Drafter& drafter) {
  std::string text;
  for (std::size_t depth = 1; depth <= drafter.reached.size(); depth *= 2) {
    const double share = percent(kept_at(drafter, depth), drafter.reached[depth - 1]);
    text += fmt::format("{}{} {:.0f}%", text.empty() ? "" : ", ", depth, share);
  }
  return text;
}

std::string line_of(const Drafter& drafter, const SpeculationStats& stats) {
  const std::string left_out =
      drafter.idle > 0 ? fmt::format("{}left out of {} rounds: it would not have paid\n", kIndent, drafter.idle) : "";
  if (drafter.rounds == 0) return fmt::format("{} had nothing to say\n", drafter.name) + left_out;
  return fmt::format("{} in {} of {} rounds: {} drafted, {} kept ({:.0f}%)\n", drafter.name, drafter.rounds,
                     stats.rounds, drafter.drafted, drafter.kept, percent(drafter.kept, drafter.drafted)) +
         fmt::format("{}kept at depth {}\n", kIndent, by_depth(drafter)) + left_out;
}

}  // namespace

std::string speculation_lines(const SpeculationStats& stats) {
  std::string text;
  for (const Drafter& each : stats.drafters) {
    text += text.empty() ? "guesses   " : kIndent;
    text += line_of(each, stats);
  }
  if (text.empty()) return text;
  return text + fmt::format("saved     {} evaluations: {} tokens in {} rounds\n", stats.tokens - stats.rounds,
                            stats.tokens, stats.rounds);
}

void write_speculation(JsonWriter& json, const SpeculationStats& stats) {
  json.begin_object();
  json.field("rounds", stats.rounds).field("tokens", stats.tokens).field("saved", stats.tokens - stats.rounds);
  json.field("with_prompt", stats.with_prompt);
  json.key("drafters").begin_array();
  for (const Drafter& each : stats.drafters) {
    json.begin_object();
    json.field("name", each.name).field("rounds", each.rounds).field("idle", each.idle);
    json.field("drafted", each.drafted).field("kept", each.kept).key("by_depth").begin_array();
    for (std::size_t depth = 1; depth <= each.reached.size(); ++depth) {
      json.begin_object();
      json.field("reached", each.reached[depth - 1]).field("kept", kept_at(each, depth)).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
}

}  // namespace decant
