// Tested by tests/drafters/drafter_test.cpp.
#include "drafters/drafter.h"

#include <algorithm>

#include "base/error.h"
#include "options/table.h"

namespace decant {
namespace {

constexpr std::string_view kSpeculate[] = {"off", "auto"};
constexpr std::string_view kSchedules[] = {"measured", "constant", "heuristic", "heuristic_transient"};
constexpr std::string_view kVerify[] = {"race", "rejection", "block"};

const Option<std::string> speculate({.name = "speculate",
                                     .group = speculation_group,
                                     .range = one_of(kSpeculate),
                                     .doc = "guess what comes, and verify several tokens at once",
                                     .when = "auto for texts that repeat their prompt: edits, quotes, tables, JSON",
                                     .order = -3},
                                    "off");

const Option<std::vector<std::string>> drafter(
    {.name = "drafter",
     .group = speculation_group,
     .doc = "who guesses: the first of these that has something to say; repeatable",
     .when = "to choose what `speculate auto` would choose for you",
     .advanced = true,
     .order = -2},
    {});

const Option<std::string> num_assistant_tokens_schedule(
    {.name = "num_assistant_tokens_schedule",
     .group = speculation_group,
     .range = one_of(kSchedules),
     .doc = "how many tokens are guessed: what pays, by measurement; all that may be; or, by a model, 2 more after a "
            "draft that was kept, 1 less after another",
     .when = "constant for experiments that count forwards",
     .advanced = true},
    "measured");

const DrafterRow& named(std::string_view name) {
  for (const DrafterRow* row : registered<DrafterRow>()) {
    if (row->name == name) return *row;
  }
  throw Error(ErrorKind::usage, "there is no drafter {}: there are {}", name, drafter_list());
}

// "a,b" and "a", "b" are the same.
std::vector<std::string> listed(const GenerationConfig& config) {
  std::vector<std::string> names;
  for (std::string_view each : drafter(config)) {
    while (!each.empty()) {
      const std::size_t end = std::min(each.find(','), each.size());
      names.emplace_back(each.substr(0, end));
      each.remove_prefix(std::min(end + 1, each.size()));
    }
  }
  return names;
}

// Without what the grammar forbids, if there is one, and what follows it.
void leave_out_forbidden(const Run& run, Draft& draft) {
  const auto is_forbidden = [&](const Guess& guess) {
    const Grammar* grammar = run.grammar_at(draft.node(guess.parent));
    return grammar && !grammar->allowed()[static_cast<std::size_t>(guess.node.token())];
  };
  draft.erase_if(is_forbidden);
}

}  // namespace

const Option<std::string> verify_option({.name = "verify",
                                         .group = speculation_group,
                                         .range = one_of(kVerify),
                                         .doc = "how drafted tokens are accepted where tokens are drawn",
                                         .when = "rejection or block keep the law, but not the text of the seed",
                                         .advanced = true},
                                        "race");

const Option<int> num_assistant_tokens({.name = "num_assistant_tokens",
                                        .group = speculation_group,
                                        .range = between(1, 256),
                                        .doc = "tokens that a model drafts at a time",
                                        .when = "more where the draft is mostly right",
                                        .aliases = {"--draft-max"},
                                        .advanced = true},
                                       5);

std::vector<const DrafterRow*> all_drafters() {
  std::vector<const DrafterRow*> rows = registered<DrafterRow>();
  std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  return rows;
}

Task<void> Lookup::draft(Run& run, std::span<Draft> drafts) {
  for (Draft& each : drafts) {
    if (!each.empty() || !each.may_grow(kTip)) continue;
    look_up(run, each);
    if (!knows_grammar()) leave_out_forbidden(run, each);
  }
  co_return;
}

void check_drafters(const GenerationConfig& config) {
  const std::vector<const DrafterRow*> active = drafters_of(config);
  for (const DrafterRow* row : active) {
    const auto given = [&](std::string_view name) { return is_set(config, get(generation_fields(), name)); };
    if (row->needs.empty() || std::any_of(row->needs.begin(), row->needs.end(), given)) continue;
    throw Error(ErrorKind::usage, "the drafter {} needs {}", row->name, fmt::join(row->needs, " or "));
  }
  const auto reads = [](const DrafterRow* row, std::string_view name) {
    return std::find(row->reads.begin(), row->reads.end(), name) != row->reads.end();
  };
  for (const auto& field : generation_fields()) {
    if (field.group != speculation_group || is_equal(value_of(config, field), default_of(field))) continue;
    std::string readers;
    bool is_read = false;
    for (const DrafterRow* row : all_drafters()) {
      if (!reads(row, field.name)) continue;
      readers += (readers.empty() ? "" : " or ") + std::string(row->name);
      is_read = is_read || std::find(active.begin(), active.end(), row) != active.end();
    }
    if (readers.empty() || is_read) continue;
    throw Error(ErrorKind::usage, "{0} does nothing without the drafter {1}: drop it, or name one", field.name,
                readers);
  }
}

std::vector<const DrafterRow*> drafters_of(const GenerationConfig& config) {
  std::vector<const DrafterRow*> rows;
  for (const std::string& name : listed(config)) rows.push_back(&named(name));
  if (!rows.empty()) return rows;
  for (const DrafterRow* row : all_drafters()) {
    const bool usual = speculate(config) == "auto" && row->is_usual(config);
    if (usual || row->is_asked_for(config)) rows.push_back(row);
  }
  return rows;
}

bool chooses_drafters(const GenerationConfig& config) { return speculate(config) == "auto" && listed(config).empty(); }

bool only_usual(const GenerationConfig& config) {
  const auto rows = all_drafters();
  return listed(config).empty() &&
         std::none_of(rows.begin(), rows.end(), [&](const DrafterRow* row) { return row->is_asked_for(config); });
}

const DrafterRow& who_guesses(const DrafterRow& row, const Run& run, int first_model) {
  const std::string_view other = row.instead ? row.instead(run, first_model) : std::string_view();
  return other.empty() ? row : named(other);
}

std::vector<std::string> draft_models(const GenerationConfig& config) {
  std::vector<std::string> names;
  for (const DrafterRow* row : drafters_of(config)) {
    if (!row->models) continue;
    const std::vector<std::string> its = row->models(config);
    names.insert(names.end(), its.begin(), its.end());
  }
  return names;
}

int most_guesses(const GenerationConfig& config) {
  int most = 0;
  for (const DrafterRow* row : drafters_of(config)) most = std::max(most, row->most(config));
  return most;
}

DraftSchedule draft_schedule(const GenerationConfig& config) {
  const std::string& name = num_assistant_tokens_schedule(config);
  if (name == "constant") return DraftSchedule::constant;
  return name == "measured" ? DraftSchedule::measured : DraftSchedule::heuristic;
}

std::string drafter_list() {
  std::string names;
  for (const DrafterRow* row : all_drafters()) names += (names.empty() ? "" : ", ") + std::string(row->name);
  return names;
}

}  // namespace decant
