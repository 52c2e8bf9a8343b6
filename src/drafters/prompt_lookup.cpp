// Prompt lookup (Saxena 2023, "Prompt Lookup Decoding"): where the last tokens of the text have stood before, what
// followed them there is guessed again.
//
// Tested by tests/drafters/prompt_lookup_test.cpp. Equals Hugging Face's PromptLookupCandidateGenerator: the longest
// n-gram first, of its places the leftmost.
#include <algorithm>

#include "drafters/drafter.h"

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
    const std::span<const Token> text = run.text_of(draft.sequence(), draft.tip());
    const auto size = std::ssize(text);
    for (std::ptrdiff_t n = std::min<std::ptrdiff_t>(longest_, size - 1); n > 0; --n) {
      const auto found = std::search(text.begin(), text.end() - 1, text.end() - n, text.end());
      if (found == text.end() - 1) continue;
      const std::ptrdiff_t from = found - text.begin() + n;
      int guess = kTip;
      for (std::ptrdiff_t i = from; i < std::min(from + most_, size) && draft.may_grow(guess); ++i) {
        const Token token = text[static_cast<std::size_t>(i)];
        guess = draft.add({.node = draft.node(guess).child(token), .parent = guess, .source = static_cast<int>(i)});
      }
      return;
    }
  }

 private:
  int longest_, most_;
};

const Registered<DrafterRow> row({
    .name = "prompt_lookup",
    .order = 2,
    .doc = "what followed the same words before",
    .is_asked_for = [](const auto& config) { return prompt_lookup_num_tokens(config).has_value(); },
    .is_usual = [](const auto&) { return true; },
    .reads = {"prompt_lookup_num_tokens", "max_matching_ngram_size", "num_assistant_tokens_schedule"},
    .most = most,
    .make = [](const Run& run, int) -> std::unique_ptr<Drafter> {
      return std::make_unique<PromptLookup>(run.config());
    },
});

}  // namespace
}  // namespace decant
