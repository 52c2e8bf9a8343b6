// A smaller model drafts (Leviathan et al. 2023; Chen et al. 2023; Hugging Face's assistant_model): its own tokens, one
// after the other, under the same processors. Also a model's own lower layers (assistant_early_exit; Elhoushi et al.
// 2024, "LayerSkip").
//
// Tested by tests/drafters/draft_model_test.cpp. Verification by race: the draft takes part in the same race, so that
// both models choose the same token as often as their distributions allow. Else it draws with numbers of its own, of
// the round: what was drafted and thrown away says nothing about what is drafted next.
#include "drafters/draft_model.h"

#include <algorithm>

#include "model/same_vocabulary.h"

namespace decant {

const Option<std::string> assistant_model({.name = "assistant_model",
                                           .group = speculation_group,
                                           .doc = "a smaller model that guesses: a GGUF file, self:LAYERS, self:q4_0",
                                           .when = "a model of the same family, a tenth of the size",
                                           .aliases = {"--model-draft"},
                                           .advanced = true,
                                           .order = 3},
                                          "");

namespace {

const Option<std::optional<int>> assistant_early_exit({.name = "assistant_early_exit",
                                                       .group = speculation_group,
                                                       .range = at_least(1),
                                                       .doc = "the model's first so many layers guess",
                                                       .when = "for models that were trained to exit early",
                                                       .advanced = true,
                                                       .order = 4},
                                                      {});

const Option<double> assistant_confidence_threshold(
    {.name = "assistant_confidence_threshold",
     .group = speculation_group,
     .range = between(0, 1),
     .doc = "a model stops guessing after a token less likely than this",
     .when = "0.4 where most drafts are cut after a few tokens",
     .advanced = true,
     .order = 5},
    0);

class DraftModel : public Drafter {
 public:
  DraftModel(const Run& run, int model, std::unique_ptr<Reading> reading)
      : model_(model),
        reading_(std::move(reading)),
        threshold_(assistant_confidence_threshold(run.config())),
        races_(verify_option(run.config()) == "race"),
        n_context_(run.model_info(model).n_context) {}

  Task<void> draft(Run& run, std::span<Draft> drafts) override {
    std::vector<End> ends;
    for (Draft& each : drafts) {
      if (!each.empty() || !each.may_grow(kTip)) continue;
      const Node read = reading_ ? reading_->begin(run, each) : each.tip();
      if (has_room(read)) ends.push_back({&each, kTip, read});
    }
    double begin = run.seconds();
    std::vector<double> times;  // of its forwards: the first one also reads what is new
    for (int depth = 0; !ends.empty(); ++depth) {
      Ask ask{.nodes = {}, .model = model_};
      for (const End& each : ends) ask.nodes.push_back(each.read);
      auto rows = co_await run.eval(ask);
      for (std::size_t i = 0; i < ends.size(); ++i)
        guess(run, ends[i], reading_ ? reading_->row(rows[i]) : rows[i], depth);
      std::erase_if(ends, [&](const End& each) { return each.draft == nullptr; });
      times.push_back(run.seconds() - std::exchange(begin, run.seconds()));
    }
    catching_up_ = times.size() < 2 ? 0 : std::max(0.0, times[0] - *std::min_element(times.begin(), times.end()));
  }

  double catching_up() const override { return catching_up_; }

 private:
  struct End {
    Draft* draft;  // null: nothing is to be added
    int guess;
    Node read;  // the text up to there, as the model reads it
  };

  bool has_room(const Node& read) const { return read && read.length() < n_context_; }

  void guess(Run& run, End& end, const EvalRow& row, int depth) const {
    Draft& draft = *std::exchange(end.draft, nullptr);
    const Node tip = draft.node(end.guess);
    try {
      const Step step = run.process_draft(draft.sequence(), tip, row);
      const bool drawn = run.draws();
      Token token = -1;
      if (!drawn) {
        token = step.scores.argmax();
      } else {
        const GumbelNoise noise =
            races_ ? run.noise(draft.sequence(), tip) : run.draft_noise(draft.sequence(), draft.tip(), depth);
        token = step.scores.race(1, noise).front().id;
      }
      const double q = step.scores.probability(token);
      std::shared_ptr<const Law> law;
      if (drawn && !races_) law = std::make_shared<const Law>(run.law(step));
      end.guess =
          draft.add({.node = run.child(step, token), .parent = end.guess, .drawn_from = std::move(law), .q = q});
      end.read = reading_ ? reading_->after(end.read, token) : draft.node(end.guess);
      if (q >= threshold_ && draft.may_grow(end.guess) && has_room(end.read)) end.draft = &draft;
    } catch (const NothingLeft&) {  // of what the processors leave of the draft's own distribution
    }
  }

  int model_;
  std::unique_ptr<Reading> reading_;  // null: the texts as they are
  double threshold_;
  bool races_;
  int n_context_;
  double catching_up_ = 0;
};

int most(const GenerationConfig& config) { return num_assistant_tokens(config); }

std::unique_ptr<Drafter> make(const Run& run, int model) { return make_draft_model(run, model); }

// Compares some 50,000 names: a fraction of a millisecond.
std::string_view instead(const Run& run, int model) {
  if (run.model_info(model).is_head) return assistant_model(run.config()) == kNextHead ? "mtp" : "eagle3";
  return first_difference(run.vocab(), run.vocab(model)) ? "universal" : "";
}

const Registered<DrafterRow> model_row({
    .name = "draft_model",
    .order = 4,
    .doc = "a smaller model",
    .is_asked_for = [](const auto& config) { return !assistant_model(config).empty(); },
    .is_usual = [](const auto& config) { return !assistant_model(config).empty(); },
    .needs = {"assistant_model"},
    .reads = {"assistant_model", "num_assistant_tokens", "assistant_confidence_threshold",
              "num_assistant_tokens_schedule"},
    .most = most,
    .models = [](const auto& config) { return std::vector<std::string>{assistant_model(config)}; },
    .make = make,
    .instead = instead,
});

const Registered<DrafterRow> exit_row({
    .name = "early_exit",
    .order = 5,
    .doc = "the model's own lower layers",
    .is_asked_for = [](const auto& config) { return assistant_early_exit(config).has_value(); },
    .is_usual = [](const auto&) { return false; },
    .needs = {"assistant_early_exit"},
    .reads = {"assistant_early_exit", "num_assistant_tokens", "assistant_confidence_threshold",
              "num_assistant_tokens_schedule"},
    .most = most,
    .models =
        [](const auto& config) {
          return std::vector<std::string>{fmt::format("self:{}", assistant_early_exit(config).value_or(0))};
        },
    .make = make,
});

}  // namespace

std::unique_ptr<Drafter> make_draft_model(const Run& run, int model, std::unique_ptr<Reading> reading) {
  return std::make_unique<DraftModel>(run, model, std::move(reading));
}

}  // namespace decant
