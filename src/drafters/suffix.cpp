// The suffix drafter (Oliaro et al. 2024, "SuffixDecoding"; Hu et al. 2024, "SAM Decoding"): what has followed the
// longest run of tokens that the text ends with, in the text itself or in other ones that the user names.
//
// Tested by tests/drafters/suffix_test.cpp; what it says of a text by suffix_draft_test.cpp.
#include <algorithm>
#include <bit>

#include "drafters/drafter.h"
#include "drafters/suffix_draft.h"

namespace decant {
namespace {

const Option<std::vector<std::string>> earlier_texts(
    {.name = "earlier_texts",
     .group = speculation_group,
     .doc = "texts that the suffix drafter may copy from; repeatable",
     .when = "for answers like earlier ones; --earlier-text-file reads one from a file",
     .advanced = true,
     .order = 2},
    {});

class Suffix : public Lookup {
 public:
  explicit Suffix(const Run& run) {
    for (const std::string& text : earlier_texts(run.config())) {
      earlier_.append(run.vocab().tokenize(text, false, false));
      earlier_.begin_text();
    }
  }

  void look_up(Run& run, Draft& draft) override {
    const auto sequence = static_cast<std::size_t>(draft.sequence());
    while (texts_.size() <= sequence) texts_.push_back(earlier_);
    SuffixAutomaton& automaton = texts_[sequence];
    const auto known = static_cast<std::size_t>(automaton.size() - automaton.text_begin());
    automaton.append(run.text_of(draft.sequence(), draft.tip()).subspan(known));

    std::vector<int> places;  // of what was guessed, in the draft; kNone: there was no room
    for (const SuffixGuess& each : suffix_draft(automaton, {.most = draft.most})) {
      const int parent = each.parent < 0 ? kTip : places[static_cast<std::size_t>(each.parent)];
      places.push_back(kNone);
      if (parent == kNone || !draft.may_grow(parent)) continue;
      const Node& before = draft.node(parent);
      places.back() = draft.add({.node = before.child(each.token), .parent = parent, .source = each.source});
    }
    if (!draft.empty()) draft.kind = sureness(automaton.match().length);
  }

 private:
  static constexpr int kNone = -2;

  // Of a match of so many tokens: 1; 2 or 3; 4 to 7; more.
  static int sureness(int match) {
    return std::min(static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(match, 1)))), DraftLength::kKinds) -
           1;
  }

  SuffixAutomaton earlier_;
  std::vector<SuffixAutomaton> texts_;  // by sequence, each behind the earlier ones
};

const Registered<DrafterRow> row({
    .name = "suffix",
    .order = 1,
    .doc = "how the text, or another one, went on after the same words",
    .is_asked_for = [](const auto& config) { return !earlier_texts(config).empty(); },
    .is_usual = [](const auto&) { return true; },
    .reads = {"earlier_texts", "num_assistant_tokens_schedule"},
    .most = [](const GenerationConfig&) { return SuffixAutomaton::kLongestWalk; },
    .kinds = {0, 1, 2, 3},
    .make = [](const Run& run, int) -> std::unique_ptr<Drafter> { return std::make_unique<Suffix>(run); },
});

}  // namespace
}  // namespace decant
