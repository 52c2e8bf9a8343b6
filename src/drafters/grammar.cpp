// The grammar drafter: what a grammar or a schema leaves no choice about is written without waiting for the model.
//
// Tested by tests/drafters/grammar_forced_test.cpp.
#include <algorithm>

#include "drafters/drafter.h"
#include "drafters/grammar_forced.h"

namespace decant {
namespace {

constexpr int kMost = 64;
constexpr int kGuessed = DraftLength::kKinds - 2, kCertain = DraftLength::kKinds - 1;  // kinds of drafts

bool has_grammar(const GenerationConfig& config) { return !config.grammar.empty() || !config.json_schema.empty(); }

class ForcedText : public Lookup {
 public:
  void look_up(Run& run, Draft& draft) override {
    const Grammar* grammar = run.grammar_at(draft.tip());
    if (!grammar) return;
    const std::vector<ForcedToken> forced = forced_tokens(*grammar, run.vocab(), draft.most);
    const bool certain = std::all_of(forced.begin(), forced.end(), [](const auto& each) { return each.is_certain; });
    int guess = kTip;
    for (const ForcedToken& each : forced) {
      if (!draft.may_grow(guess)) break;
      guess = draft.add(guess, each.token);
    }
    if (!forced.empty()) draft.kind = certain ? kCertain : kGuessed;
  }

 private:
  bool knows_grammar() const override { return true; }
};

const Registered<DrafterRow> row({
    .name = "grammar",
    .order = 0,
    .doc = "what a grammar or a schema leaves no choice about",
    .is_asked_for = [](const auto&) { return false; },
    .is_usual = has_grammar,
    .needs = {"grammar", "json_schema"},
    .reads = {"num_assistant_tokens_schedule"},
    .most = [](const GenerationConfig&) { return kMost; },
    .kinds = {kGuessed, kCertain},
    .make = [](const Run&, int) -> std::unique_ptr<Drafter> { return std::make_unique<ForcedText>(); },
});

}  // namespace
}  // namespace decant
