#include "run/law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "support/runs.h"

namespace decant {
namespace {

using namespace testing;

TEST(Law, IsTheSoftmaxOfWhatIsLeft) {
  for (const int kept : {1, 3, 40, 64}) {
    std::vector<float> logits(64);
    for (std::size_t i = 0; i < 64; ++i) logits[i] = static_cast<float>((i * 37) % 64) / 7;
    Scores scores;
    scores.reset(logits);
    scores.keep_best(kept);
    const Law law(scores);
    EXPECT_EQ(law.is_sparse(), kept <= 8);
    EXPECT_EQ(law.n_vocab(), 64);
    double total = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      if ((i * 37) % 64 >= static_cast<std::size_t>(64 - kept)) total += std::exp(static_cast<double>(logits[i]));
    }
    double sum = 0;
    Token last = -1;
    int count = 0;
    law.for_each([&](Token token, double p) {
      EXPECT_LT(last, token);
      last = token;
      EXPECT_EQ(law.p(token), p);
      EXPECT_NEAR(p, std::exp(static_cast<double>(logits[static_cast<std::size_t>(token)])) / total, 1e-6);
      sum += p;
      ++count;
    });
    EXPECT_EQ(count, kept);
    EXPECT_NEAR(sum, 1, 1e-6);
    for (Token token = 0; token < 64; ++token) {
      if ((token * 37) % 64 < 64 - kept) {
        EXPECT_EQ(law.p(token), 0);
      }
    }
  }
}

// It lives on where rows and scores are long gone.
Task<void> keep_laws(Run& run, std::vector<Law>* laws) {
  Node tip = run.prompt();
  while (!run.finished(0)) {
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    laws->push_back(run.law(step));
    tip = run.emit(0, step, step.scores.argmax());
  }
}

TEST(Law, LivesAcrossAwaits) {
  TableModel model;
  Scheduler scheduler({&model});
  std::vector<Law> laws;
  const auto run =
      start(scheduler, request(greedy_config(6), {1, 2}, [&](decant::Run& r) { return keep_laws(r, &laws); }));
  scheduler.run();
  run->rethrow();
  ASSERT_EQ(laws.size(), 6u);
  std::vector<Token> text = {1, 2};
  for (std::size_t i = 0; i < 6; ++i) {
    const auto logits = model.logits_after(text);
    const double total = log_sum_exp(logits).value;
    for (Token token = 0; token < 8; ++token) {
      EXPECT_NEAR(laws[i].p(token), std::exp(logits[static_cast<std::size_t>(token)] - total), 1e-6);
    }
    text.push_back(run->sequences()[0].ids[i]);
  }
}

}  // namespace
}  // namespace decant
