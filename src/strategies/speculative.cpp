// Tested by tests/strategies/speculative_test.cpp: texts with and without drafts are equal token by token (race), laws
// by enumeration (verify_test.cpp) and chi-square (rejection, block). Papers and formulas: verify.h, drafters/.
#include "strategies/speculative.h"

#include <algorithm>

#include "base/error.h"
#include "strategies/cache_room.h"
#include "strategies/scoring.h"
#include "strategies/speculation.h"
#include "strategies/verification.h"

namespace decant {
namespace {

// The token of the target's own race, whether somebody guessed it or not.
void verify_by_race(Verification& text, bool drawn) {
  for (bool goes_on = true; goes_on;) {
    const Step step = text.step();
    goes_on = text.write(step, drawn ? text.draw(step) : text.best(step));
  }
}

void verify_by_rejection(Verification& text) {
  for (bool goes_on = true; goes_on;) {
    const Step step = text.step();
    const std::vector<Guessed> guessed = text.guessed();
    if (guessed.empty()) {
      goes_on = text.write(step, text.draw(step));
      continue;
    }
    const Verdict verdict = text.verify(Law(step.scores), guessed);
    const Token kept = guessed[static_cast<std::size_t>(std::max(verdict.kept - 1, 0))].token;
    goes_on = text.write(step, verdict.next < 0 ? kept : verdict.next, verdict.trials) && verdict.kept > 0;
  }
}

void verify_as_block(Verification& text) {
  const Verification::Chain chain = text.chain();
  const Verdict verdict = text.verify_block(chain);
  for (std::size_t i = 0; i <= static_cast<std::size_t>(verdict.kept); ++i) {
    const Step step = text.step();
    const bool kept = i < static_cast<std::size_t>(verdict.kept);
    const bool refused = i < verdict.trials.size();
    const Token token = kept ? chain.guessed[i].token : refused ? verdict.next : text.draw(step);
    const auto trials = std::span(verdict.trials).subspan(std::min(i, verdict.trials.size()));
    if (!text.write(step, token, trials)) break;
  }
}

}  // namespace

Task<void> write_texts(Run& run, Scoring& scoring, bool drawn) {
  Speculation speculation(run);
  const CacheRoom room(run);
  const std::string how = drawn ? verify_option(run.config()) : "race";
  std::vector<Draft> drafts;  // of the texts that go on
  for (int i = 0; i < run.config().num_return_sequences; ++i) drafts.emplace_back(run.prompt(), i, run.stop_rules());

  while (!drafts.empty()) {
    const std::vector<Draft> waiting = room.take_waiting(drafts);
    if (!speculation.is_off()) {
      co_await speculation.guess(run, drafts);
    }
    const std::vector<Node> nodes = number_rows(drafts);
    const std::vector<Ask> asks = scoring.asks(nodes);
    auto rows = co_await run.eval(asks);
    speculation.evaluated(run, nodes.size());
    std::vector<Draft> going_on;
    for (const Draft& draft : drafts) {
      Verification text(run, scoring, rows, nodes.size(), draft, how);
      try {
        if (draft.empty() || how == "race")
          verify_by_race(text, drawn);
        else if (how == "rejection")
          verify_by_rejection(text);
        else
          verify_as_block(text);
      } catch (const NothingLeft& dead_end) {
        run.end_at_dead_end(draft.sequence(), dead_end);
      }
      speculation.learn(run, draft, text.last_kept(), text.written());
      if (!run.finished(draft.sequence())) going_on.emplace_back(text.tip(), draft.sequence(), run.stop_rules());
    }
    drafts = std::move(going_on);
    drafts.insert(drafts.end(), waiting.begin(), waiting.end());
  }
}

std::vector<std::string_view> with_speculation(std::vector<std::string_view> reads) {
  reads.push_back(speculation_group);
  return reads;
}

void check_speculation(const GenerationConfig& config, bool draws) {
  check_drafters(config);
  const bool guesses = !drafters_of(config).empty();
  if (verify_option(config) == "race") return;
  if (!guesses) {
    throw Error(ErrorKind::usage, "verify {} does nothing without a drafter: {}", verify_option(config),
                drafter_list());
  }
  if (!draws) {
    throw Error(ErrorKind::usage, "verify {} does nothing where no token is drawn: drop it, or sample",
                verify_option(config));
  }
}

void reject_speculation(const GenerationConfig& config, std::string_view what) {
  if (drafters_of(config).empty()) return;
  throw Error(ErrorKind::usage, "nobody can guess for {}: drop {}", what, drafters_of(config)[0]->name);
}

}  // namespace decant
