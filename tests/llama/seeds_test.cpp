// The same seed alone and in company.
//
// What decant owes, exactly: the noise is the same, and a token is the one that wins by its logit and its noise. What
// libllama owes, exactly: the same rows over the same cells give the same bits, whatever the other rows say. What
// nobody owes yet is the same logits in any company: libllama takes another kernel for 64 rows and more, and its
// attention adds up in the order of the cells, which is no longer that of the text once cells that others have left are
// used again. In F32 that moves a logit by 1e-5; where activations are rounded to 8 bits, by 1, and then a close
// race has another winner. The report counts these.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr int kTokens = 48;
constexpr std::size_t kGroup = 8;

struct Draw {
  Token token;
  GumbelNoise noise;
  int rows;  // in the batch
  std::vector<float> logits;
};
using Text = std::vector<Draw>;

struct Job {
  std::vector<Token> prompt;
  std::uint64_t seed;
  int tokens = kTokens;
};

class CountingModel : public Model {
 public:
  explicit CountingModel(const std::string& name) : model_(model_file(name), one_thread(), 1024) {}

  const ModelInfo& info() const override { return model_.info(); }
  const Vocab& vocab() const override { return model_.vocab(); }
  void copy_sequence(SeqId from, SeqId to, int end) override { model_.copy_sequence(from, to, end); }
  void trim_sequence(SeqId sequence, int begin) override { model_.trim_sequence(sequence, begin); }
  void clear() override { model_.clear(); }
  void forward(std::span<const Row> rows) override {
    model_.forward(rows);
    rows_ = static_cast<int>(rows.size());
  }
  std::span<const float> logits(int row) const override { return model_.logits(row); }
  std::span<const float> hidden(int row) const override { return model_.hidden(row); }
  std::span<const float> layer_logits(int row, int layer) const override { return model_.layer_logits(row, layer); }
  std::span<const float> state(int row, int layer) const override { return model_.state(row, layer); }
  Head* head() override { return model_.head(); }

  int rows() const { return rows_; }  // of the last batch

 private:
  LlamaModel model_;
  int rows_ = 0;
};

// Sampling as in strategies/sample.cpp, with a witness.
Task<void> witnessed_sample(Run& run, const CountingModel* model, Text* text) {
  Node tip = run.prompt();
  while (!run.finished(0)) {
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    const GumbelNoise noise = run.noise(0, tip);
    const Token token = step.scores.race(1, noise).front().id;
    text->push_back({token, noise, model->rows(), {rows[0].logits.begin(), rows[0].logits.end()}});
    tip = run.emit(0, step, token);
  }
}

Request request(const Job& job, StrategyFunction strategy) {
  GenerationConfig config;
  config.do_sample = true;
  config.temperature = 1;
  config.top_k = 0;
  config.seed = job.seed;
  config.max_new_tokens = job.tokens;
  config.ignore_eos = true;  // so that the company stays
  return {.config = config,
          .prompt = job.prompt,
          .strategy = std::move(strategy),
          .does = facts_of(resolve_strategy(config), config)};
}

// All jobs on a fresh model. They arrive in the given order, one every `pause` rounds.
std::vector<Text> run_jobs(const std::string& name, const std::vector<Job>& jobs, const std::vector<std::size_t>& order,
                           int pause = 0) {
  CountingModel model(name);
  Scheduler scheduler({&model});
  std::vector<Text> texts(jobs.size());
  std::vector<std::unique_ptr<Run>> runs;
  for (const std::size_t i : order) {
    runs.push_back(start(scheduler, request(jobs[i], [&model, text = &texts[i]](Run& run) {
                           return witnessed_sample(run, &model, text);
                         })));
    for (int round = 0; round < pause; ++round) scheduler.step();
  }
  scheduler.run();
  for (const auto& run : runs) run->rethrow();
  return texts;
}

std::vector<std::size_t> in_order(std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  return order;
}

std::vector<Job> make_jobs(const std::string& name, std::size_t first, std::size_t n) {
  static constexpr const char* prompts[kGroup] = {
      "The lighthouse keeper wrote",
      "Once upon a time, in a village at the edge of the forest, there lived",
      "def fibonacci(n):\n    ",
      "The three most important inventions of the last century are",
      "- milk\n- eggs\n-",
      "\"Why,\" she asked, \"did nobody tell me that",
      "Il faut que je vous dise que",
      "Water boils at",
  };
  std::vector<Job> jobs;
  for (std::size_t i = first; i < first + n; ++i) {
    jobs.push_back({.prompt = model_file(name)->vocab().tokenize(prompts[i % kGroup], false, true), .seed = i});
  }
  return jobs;
}

// ---- what must hold exactly -----------------------------------------------------------------------------------------

void expect_same_bits(const Text& a, const Text& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].token, b[i].token) << "token " << i;
    EXPECT_EQ(a[i].noise(0), b[i].noise(0));
    EXPECT_EQ(a[i].rows, b[i].rows);
    EXPECT_EQ(max_difference(a[i].logits, b[i].logits), 0) << "token " << i;
  }
}

class LlamaSeeds : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, LlamaSeeds, testing::Values(kMicro, kF32, kQ4_0), [](const auto& i) {
  const std::string name = i.param;
  return name == kMicro ? "micro" : name == kF32 ? "f32" : "q4_0";
});

TEST_P(LlamaSeeds, TheSameCompanyTwiceGivesTheSameBits) {
  std::vector<Job> jobs = make_jobs(GetParam(), 0, 4);
  for (Job& job : jobs) job.tokens = 10;
  const auto first = run_jobs(GetParam(), jobs, in_order(4), 2), second = run_jobs(GetParam(), jobs, in_order(4), 2);
  for (std::size_t i = 0; i < jobs.size(); ++i) expect_same_bits(first[i], second[i]);
}

// The rows and cells of the others are as many as before, and where they were, but nothing in them is.
TEST_P(LlamaSeeds, WhatTheOthersSayChangesNoBit) {
  std::vector<Job> jobs = make_jobs(GetParam(), 0, 4), others = jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].tokens = others[i].tokens = 10;
    if (i == 2) continue;
    for (Token& token : others[i].prompt) token ^= 1;  // equal beginnings stay equal
    others[i].seed += 1000;
  }
  const auto before = run_jobs(GetParam(), jobs, in_order(4), 2), after = run_jobs(GetParam(), others, in_order(4), 2);
  EXPECT_GT(max_difference(before[1][0].logits, after[1][0].logits), 1);
  expect_same_bits(before[2], after[2]);
}

TEST_P(LlamaSeeds, TheWitnessSawWhatSamplingDoes) {
  std::vector<Job> jobs = make_jobs(GetParam(), 5, 1);
  jobs[0].tokens = 16;
  LlamaModel model(model_file(GetParam()), one_thread(), 1024);
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(jobs[0], strategy("sample").run));
  scheduler.run();
  run->rethrow();
  const auto texts = run_jobs(GetParam(), jobs, in_order(1));
  std::vector<Token> ids;
  for (const Draw& draw : texts[0]) ids.push_back(draw.token);
  EXPECT_EQ(run->sequences()[0].ids, ids);
}

// ---- what differs, and why ------------------------------------------------------------------------------------------

// By how much one token is ahead of another in the race over these logits.
double lead(Token token, Token other, const Draw& draw) {
  const auto sum = [&](Token id) {
    return static_cast<double>(draw.logits[static_cast<std::size_t>(id)]) + draw.noise(id);
  };
  return sum(token) - sum(other);
}

struct Comparison {
  std::size_t same = 0;    // tokens before the first difference
  float after_prompt = 0;  // largest difference of a logit after the prompt
  float largest = 0;       // and anywhere up to the first different token
};

Comparison compare(const Text& alone, const Text& company) {
  Comparison result;
  result.after_prompt = max_difference(alone[0].logits, company[0].logits);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    result.largest = std::max(result.largest, max_difference(alone[i].logits, company[i].logits));
    if (alone[i].token != company[i].token) break;
    ++result.same;
  }
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(alone[i].noise(0), company[i].noise(0)) << "it depends on the company";
  }
  return result;
}

void explain(std::uint64_t seed, std::size_t at, const Draw& alone, const Draw& company) {
  const double here = lead(alone.token, company.token, alone), there = lead(company.token, alone.token, company);
  EXPECT_GE(here, 0);
  EXPECT_GE(there, 0);
  fmt::print(
      "    seed {:2}: token {:2}, rows {} and {}, ahead by {:.1e}, in company behind by {:.1e}; logits differ by "
      "{:.2g}\n",
      seed, at, alone.rows, company.rows, here, there, max_difference(alone.logits, company.logits));
}

struct Report {
  const char* what;
  int texts = 0, different = 0;
  float after_prompt = 0, largest = 0;

  void add(const std::vector<Job>& jobs, const std::vector<Text>& alone, const std::vector<Text>& company,
           std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      const Comparison result = compare(alone[i], company[i]);
      ++texts;
      after_prompt = std::max(after_prompt, result.after_prompt);
      largest = std::max(largest, result.largest);
      if (result.same == alone[i].size()) continue;
      ++different;
      explain(jobs[i].seed, result.same, alone[i][result.same], company[i][result.same]);
    }
  }
  void print() const {
    fmt::print("  {}: {} of {} texts differ; logits differ by up to {:.2g}, after the prompt by {:.2g}\n", what,
               different, texts, largest, after_prompt);
  }
};

std::vector<Text> run_alone(const std::string& name, const std::vector<Job>& jobs, std::size_t n) {
  std::vector<Text> texts(jobs.size());
  for (std::size_t i = 0; i < n; ++i) texts[i] = run_jobs(name, {jobs[i]}, {0})[0];
  return texts;
}

// Returns the largest difference of a logit.
float measure(const std::string& name, std::size_t seeds, int tokens) {
  fmt::print("{}: {} seeds x {} tokens at temperature 1, against the same seed alone\n", name, seeds, tokens);
  Report together{"all eight from the first batch on"}, apart{"one every 2 rounds, and all stay to the end"},
      reverse{"in reverse order, one every 3 rounds, and each leaves when it is done"};
  for (std::size_t first = 0; first < seeds; first += kGroup) {
    std::vector<Job> jobs = make_jobs(name, first, kGroup);
    for (Job& job : jobs) job.tokens = tokens;
    const std::size_t n = std::min(kGroup, seeds - first);
    const auto alone = run_alone(name, jobs, n);
    std::vector<std::size_t> order = in_order(kGroup);
    together.add(jobs, alone, run_jobs(name, jobs, order), n);
    std::vector<Job> longer = jobs;
    for (std::size_t i = 0; i < kGroup; ++i) longer[i].tokens += 2 * static_cast<int>(kGroup - i);
    apart.add(jobs, alone, run_jobs(name, longer, order, 2), n);
    std::reverse(order.begin(), order.end());
    reverse.add(jobs, alone, run_jobs(name, jobs, order, 3), n);
  }
  for (const Report* each : {&together, &apart, &reverse}) each->print();
  return std::max({together.largest, apart.largest, reverse.largest});
}

// DECANT_SEEDS=20 in the environment is the full measure, which takes minutes.
float report(const std::string& name, std::size_t seeds_if_short, int tokens_if_short) {
  const char* seeds = std::getenv("DECANT_SEEDS");
  return seeds ? measure(name, std::stoul(seeds), kTokens) : measure(name, seeds_if_short, tokens_if_short);
}

TEST(LlamaSeedsReport, Micro) { EXPECT_LE(report(kMicro, 20, kTokens), 1e-3f); }
TEST(LlamaSeedsReport, F32) { EXPECT_LE(report(kF32, 2, 16), 1e-3f); }
TEST(LlamaSeedsReport, Q4_0) { EXPECT_TRUE(std::isfinite(report(kQ4_0, 8, kTokens))); }

}  // namespace
}  // namespace decant
