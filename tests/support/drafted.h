// Runs with drafters on two table models that are alike, for tests.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "drafters/drafter.h"
#include "options/table.h"
#include "strategies/speculative_trace.h"
#include "support/runs.h"

namespace decant::testing {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline Pairs operator+(Pairs a, const Pairs& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline GenerationConfig given(const Pairs& options) {
  GenerationConfig config;
  config.max_new_tokens = 24;
  config.seed = 7;
  for (const auto& [name, text] : options) set(config, get(generation_fields(), name), text);
  return config;
}

// Keeps what is said of every token, by sequence: the decision as JSON, without the time and what speculation says of
// it, and that apart.
class Decisions : public RunObserver {
 public:
  explicit Decisions(const Vocab& vocab, int n_sequences = 1)
      : plain(static_cast<std::size_t>(n_sequences)), speculative(plain.size()), vocab_(vocab) {}
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override {
    Decision same = decision;
    same.seconds = 0;
    const auto its = std::dynamic_pointer_cast<const SpeculativeTrace>(decision.strategy);
    if (its) same.strategy = its->scoring;
    JsonWriter json;
    json.begin_object();
    write_fields(json, same, vocab_);
    json.end_object();
    plain[static_cast<std::size_t>(decision.sequence)].push_back(json.text());
    speculative[static_cast<std::size_t>(decision.sequence)].push_back({decision.token, its});
  }

  struct Said {
    Token token;
    std::shared_ptr<const SpeculativeTrace> trace;
  };
  std::vector<std::vector<std::string>> plain;
  std::vector<std::vector<Said>> speculative;

 private:
  const Vocab& vocab_;
};

// All that a drafter may not change.
struct Written {
  std::vector<std::vector<Token>> ids = {};
  std::vector<std::string> texts = {};
  std::vector<FinishReason> finishes = {};
  std::vector<std::vector<std::string>> decisions = {};
  std::string error = {};
  bool operator==(const Written&) const = default;
};

inline Written written_by(const decant::Run& run, const Decisions* decisions = nullptr) {
  Written written;
  for (const Sequence& each : run.sequences()) {
    written.ids.push_back(each.ids);
    written.texts.push_back(each.bytes);
    written.finishes.push_back(each.finish);
  }
  if (decisions) written.decisions = decisions->plain;
  try {
    run.rethrow();
  } catch (const std::exception& error) {
    written.error = error.what();
  }
  return written;
}

// As `table` with a share of another one's logits added.
inline Table alike(const Table& table, const Table& other, float share) {
  return [=](const std::vector<Token>& text) {
    std::vector<float> logits = table(text);
    const std::vector<float> more = other(text);
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] += share * more[i];
    return logits;
  };
}

// The request, with model 1 of the scheduler for all that it needs beside model 0.
inline Request drafted_request(const GenerationConfig& config, std::vector<Token> prompt,
                               RunObserver* observer = nullptr) {
  const StrategyRow& row = resolve_strategy(config);
  Request asked = request(config, std::move(prompt), row.run, observer);
  asked.models.resize(1 + models_of(row, config).size(), 1);
  asked.n_drafting = n_drafting(row, config);
  return asked;
}

struct WrittenWithStats : Written {
  RunStats stats = {};
};

// By the target, with the other model for all that the options need beside it. REQUIRES: it does not fail.
inline WrittenWithStats write_with(Model& target, Model& draft, const Pairs& options, std::vector<Token> prompt) {
  Scheduler scheduler;
  scheduler.add(target);
  scheduler.add(draft, 1);
  const auto run = start(scheduler, drafted_request(given(options), std::move(prompt)));
  scheduler.run();
  run->rethrow();
  return {written_by(*run), run->stats()};
}

// A guess as a test looks at it, without its node.
struct Seen {
  Token token;
  int parent, source;
  double q;
};

// What the drafters of a request say of its prompt, each by itself; nothing is written. `most`: guesses it may make.
inline std::vector<Seen> guesses_of(Scheduler& scheduler, const GenerationConfig& config, std::vector<Token> prompt,
                                    int most = 32) {
  std::vector<Seen> seen;
  Request asked = drafted_request(config, std::move(prompt));
  asked.strategy = [&](decant::Run& run) -> Task<void> {
    std::vector<Draft> drafts;
    drafts.emplace_back(run.prompt(), 0, run.stop_rules());
    for (const DrafterRow* row : drafters_of(run.config())) {
      drafts[0].most = std::min(most, row->most(run.config()));
      const std::unique_ptr<Drafter> drafter = row->make(run, run.first_drafting_model());
      const std::span<Draft> span = drafts;
      Drafter& its = *drafter;
      co_await its.draft(run, span);
    }
    for (const Guess& each : drafts[0].guesses()) seen.push_back({each.node.token(), each.parent, each.source, each.q});
  };
  const auto run = start(scheduler, asked);
  scheduler.run();
  run->rethrow();
  return seen;
}

inline std::vector<Token> tokens_of(const std::vector<Seen>& guesses) {
  std::vector<Token> tokens;
  for (const Seen& each : guesses) tokens.push_back(each.token);
  return tokens;
}

}  // namespace decant::testing
