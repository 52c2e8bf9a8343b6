// Drafts that read what the model says: the head for further tokens that its file carries (multi-token prediction;
// DeepSeek-AI 2024, "DeepSeek-V3 Technical Report", 2.2), and EAGLE-3 (Li et al. 2025), a file of its own. Either is
// one layer that reads a token and the model's states behind the text before it, one token after the other, under the
// same processors.
//
// Tested by tests/llama/next_head_test.cpp and eagle_draft_test.cpp. How their rows come by the model's states, and
// what becomes of those that they have read of their own guesses: tree/kv_cache.h.
#include "drafters/draft_model.h"

namespace decant {
namespace {

const Option<bool> mtp({.name = "mtp",
                        .group = speculation_group,
                        .doc = "the head for further tokens that the model's file carries guesses",
                        .when = "Qwen, GLM and DeepSeek files with it; speculate auto does it by itself",
                        .advanced = true,
                        .order = 5},
                       false);

// The texts as they are; but what follows the prompt the model itself says first, as it has to read the prompt anyhow.
class BehindThePrompt : public Reading {
 public:
  Node begin(Run& run, const Draft& draft) override { return draft.tip() == run.prompt() ? Node() : draft.tip(); }
  EvalRow row(const EvalRow& its) override { return its; }
  Node after(const Node& read, Token token) const override { return read.child(token); }
};

std::unique_ptr<Drafter> make(const Run& run, int model) {
  return make_draft_model(run, model, std::make_unique<BehindThePrompt>());
}

int most(const GenerationConfig& config) { return num_assistant_tokens(config); }

const Registered<DrafterRow> mtp_row({
    .name = "mtp",
    .order = 7,
    .doc = "the head for further tokens that the model's file carries",
    .is_asked_for = [](const auto& config) { return mtp(config); },
    .is_usual = [](const auto& config) { return mtp(config); },
    .reads = {"mtp", "num_assistant_tokens", "assistant_confidence_threshold", "num_assistant_tokens_schedule"},
    .most = most,
    .models = [](const auto&) { return std::vector<std::string>{std::string(kNextHead)}; },
    .make = make,
});

const Registered<DrafterRow> eagle_row({
    .name = "eagle3",
    .order = 8,
    .doc = "an EAGLE-3 draft, which reads the model's states",
    .is_asked_for = [](const auto&) { return false; },  // draft_model hands over to it
    .is_usual = [](const auto&) { return false; },
    .needs = {"assistant_model"},
    .reads = {"assistant_model", "num_assistant_tokens", "assistant_confidence_threshold",
              "num_assistant_tokens_schedule"},
    .most = most,
    .models = [](const auto& config) { return std::vector<std::string>{assistant_model(config)}; },
    .make = make,
});

}  // namespace
}  // namespace decant
