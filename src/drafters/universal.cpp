// A smaller model with another vocabulary drafts (Timor et al. 2025, "Accelerating LLM Inference with Lossless
// Speculative Decoding Algorithms for Heterogeneous Vocabularies"; Hugging Face's universal assisted decoding).
//
// Tested by tests/drafters/universal_test.cpp and tests/llama/speculative_test.cpp. Greedily it writes its own tokens,
// whose bytes are cut into the target's (the paper's SLEM). Where tokens are drawn it draws among the tokens that both
// vocabularies have, in the target's race and under its processors (the paper's TLI), so that both draw the same token
// as often as their distributions allow.
#include <algorithm>
#include <limits>
#include <map>

#include "drafters/draft_model.h"
#include "drafters/translation.h"

namespace decant {
namespace {

constexpr float kRemoved = -std::numeric_limits<float>::infinity();

// The texts in the model's tokens. It keeps their last nodes, and so what is cached of them.
class Texts {
 public:
  Texts(const Run& run, int model)
      : target_(run.vocab()),
        own_(run.vocab(model)),
        same_(same_tokens(target_, own_)),
        n_context_(run.model_info(model).n_context),
        n_cells_(run.model_info(model).n_cells) {}

  // The draft's text; no node where the model cannot read it, or not another `most` tokens of it.
  Node follow(Run& run, const Draft& draft, int most) {
    Text& text = texts_.try_emplace(draft.sequence(), Translation(target_, own_, same_)).first->second;
    text.translation.follow(run.text_of(draft.sequence(), draft.tip()));
    const std::span<const Token> tokens = text.translation.tokens();
    text.tip = {};
    if (tokens.empty() || !text.translation.is_readable()) return {};
    if (std::ssize(tokens) + most > n_context_ || cells(run) + std::ssize(tokens) + most > n_cells_) return {};
    text.tip = run.text(tokens);
    return text.tip;
  }

  // The first bytes of a character at the end of a text, which its node lacks.
  std::string_view rest(const Draft& draft) const { return texts_.at(draft.sequence()).translation.rest(); }

 private:
  struct Text {
    Translation translation;
    Node tip = {};
  };

  // That the texts occupy; the prompt is one for all.
  int cells(const Run& run) const {
    int cells = 0;
    for (const auto& [sequence, text] : texts_) {
      if (text.tip) cells += cells == 0 ? text.tip.length() : std::max(text.tip.length() - run.prompt().length(), 0);
    }
    return cells;
  }

  const Vocab& target_;
  const Vocab& own_;
  std::vector<Token> same_;  // of the model, by the target's
  int n_context_, n_cells_;
  std::map<int, Text> texts_;  // by sequence
};

class ByBytes : public Drafter {
 public:
  ByBytes(const Run& run, int model) : model_(model), own_(run.vocab(model)), texts_(run, model) {}

  Task<void> draft(Run& run, std::span<Draft> drafts) override {
    std::vector<End> ends;
    for (Draft& each : drafts) {
      if (!each.empty() || !each.may_grow(kTip)) continue;
      const int most = each.most + 1;  // one that says where the last one ends
      if (Node read = texts_.follow(run, each, most)) ends.push_back({&each, std::move(read), most});
    }
    std::vector<End*> open = begun(ends);
    while (!open.empty()) {
      Ask ask{.nodes = {}, .model = model_};
      for (const End* each : open) ask.nodes.push_back(each->read);
      auto rows = co_await run.eval(ask);
      for (std::size_t i = 0; i < open.size(); ++i) write(*open[i], rows[i]);
      std::erase_if(open, [](const End* each) { return each->left == 0; });
    }
    for (const End& each : ends) propose(run, each);
  }

 private:
  struct End {
    Draft* draft;
    Node read;
    int left;                // tokens that the model may still write
    std::string bytes = {};  // that it has written
    bool open = true;        // they may go on
  };

  static std::vector<End*> begun(std::vector<End>& ends) {
    std::vector<End*> open;
    for (End& each : ends) open.push_back(&each);
    return open;
  }

  // The model's likeliest token. Where that ends its text, the draft ends before it.
  void write(End& end, const EvalRow& row) const {
    const auto token = static_cast<Token>(std::max_element(row.logits.begin(), row.logits.end()) - row.logits.begin());
    const std::string_view bytes = own_.bytes(token);
    if (bytes.empty()) {
      end.left = 0;
      end.open = false;
      return;
    }
    end.bytes += bytes;
    end.read = end.read.child(token);
    --end.left;
  }

  void propose(Run& run, const End& end) const {
    const std::string_view rest = texts_.rest(*end.draft), bytes = end.bytes;
    if (!bytes.starts_with(rest)) return;
    const std::span<const Token> text = run.text_of(end.draft->sequence(), end.draft->tip());
    int guess = kTip;
    for (const Token token : continuation(run.vocab(), text, bytes.substr(rest.size()), end.open)) {
      if (!end.draft->may_grow(guess)) return;
      guess = end.draft->add(guess, token);
    }
  }

  int model_;
  const Vocab& own_;
  Texts texts_;
};

class ByTokens : public Reading {
 public:
  ByTokens(const Run& run, int model)
      : texts_(run, model),
        target_of_(same_tokens(run.vocab(model), run.vocab())),
        own_of_(same_tokens(run.vocab(), run.vocab(model))),
        logits_(static_cast<std::size_t>(run.vocab().size())) {}

  Node begin(Run& run, const Draft& draft) override {
    Node read = texts_.follow(run, draft, draft.most);
    return texts_.rest(draft).empty() ? read : Node();
  }

  EvalRow row(const EvalRow& its) override {
    std::fill(logits_.begin(), logits_.end(), kRemoved);
    for (std::size_t i = 0; i < its.logits.size(); ++i) {
      if (target_of_[i] < 0) continue;
      float& logit = logits_[static_cast<std::size_t>(target_of_[i])];
      logit = std::max(logit, its.logits[i]);
    }
    return {.logits = logits_};
  }

  Node after(const Node& read, Token token) const override {
    const Token own = own_of_[static_cast<std::size_t>(token)];
    return own < 0 ? Node() : read.child(own);
  }

 private:
  Texts texts_;
  std::vector<Token> target_of_, own_of_;
  std::vector<float> logits_;
};

std::unique_ptr<Drafter> make(const Run& run, int model) {
  if (!run.draws()) return std::make_unique<ByBytes>(run, model);
  return make_draft_model(run, model, std::make_unique<ByTokens>(run, model));
}

const Registered<DrafterRow> row({
    .name = "universal",
    .order = 6,
    .doc = "a smaller model with another vocabulary",
    .is_asked_for = [](const auto&) { return false; },  // draft_model hands over to it
    .is_usual = [](const auto&) { return false; },
    .needs = {"assistant_model"},
    .reads = {"assistant_model", "num_assistant_tokens", "num_assistant_tokens_schedule"},
    .most = [](const auto& config) { return num_assistant_tokens(config); },
    .models = [](const auto& config) { return std::vector<std::string>{assistant_model(config)}; },
    .make = make,
});

}  // namespace
}  // namespace decant
