// Prompt lookup (Saxena 2023, "Prompt Lookup Decoding"): where the last tokens of the text have stood before, what
// followed them there is guessed again.
//
// Tested by tests/drafters/prompt_lookup_test.cpp. Equals Hugging Face's PromptLookupCandidateGenerator.
#include "drafters/drafter.h"
#include "drafters/ngram_lookup.h"

namespace decant {
namespace {

const Option<std::optional<int>> prompt_lookup_num_tokens(
    {.name = "prompt_lookup_num_tokens",
     .group = speculation_group,
     .range = between(1, 256),
     .doc = "guess so many tokens that followed the same words before",
     .when = "10 for edits, summaries and quotes",
     .advanced = true,
     .order = 1},
    {});

const Option<int> max_matching_ngram_size({.name = "max_matching_ngram_size",
                                           .group = speculation_group,
                                           .range = between(1, 64),
                                           .doc = "prompt lookup: the longest run of words that is looked for",
                                           .when = "more for surer guesses",
                                           .advanced = true,
                                           .order = 2},
                                          2);

int most(const GenerationConfig& config) { return prompt_lookup_num_tokens(config).value_or(10); }

class PromptLookup : public Lookup {
 public:
  explicit PromptLookup(const GenerationConfig& config)
      : longest_(max_matching_ngram_size(config)), most_(most(config)) {}

  void look_up(Run& run, Draft& draft) override {
    const auto sequence = static_cast<std::size_t>(draft.sequence());
    while (texts_.size() <= sequence) texts_.emplace_back(longest_, most_, run.stop_rules().stop_tokens());
    const NgramLookup::Copy copy = texts_[sequence].look_up(run.text_of(draft.sequence(), draft.tip()));
    int guess = kTip, source = copy.from;
    for (const Token token : copy.tokens) {
      if (!draft.may_grow(guess)) return;
      guess = draft.add({.node = draft.node(guess).child(token), .parent = guess, .source = source++});
    }
  }

 private:
  int longest_, most_;
  std::vector<NgramLookup> texts_;  // by sequence
};

const Registered<DrafterRow> row({
    .name = "prompt_lookup",
    .order = 2,
    .doc = "what followed the same words before",
    .is_asked_for = [](const auto& config) { return prompt_lookup_num_tokens(config).has_value(); },
    .is_usual = [](const auto&) { return false; },  // suffix says more
    .reads = {"prompt_lookup_num_tokens", "max_matching_ngram_size", "num_assistant_tokens_schedule"},
    .most = most,
    .make = [](const Run& run, int) -> std::unique_ptr<Drafter> {
      return std::make_unique<PromptLookup>(run.config());
    },
});

}  // namespace
}  // namespace decant
