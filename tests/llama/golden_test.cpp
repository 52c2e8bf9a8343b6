// decant on the F32 model against Hugging Face transformers: tests/support/goldens/README.md says what was recorded and
// which tolerances it allows.
#include <gtest/gtest.h>
#include <hash/hash.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "numerics/log_sum_exp.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr double kLogit = 1e-3;        // of any logit or hidden state
constexpr double kProbability = 1e-4;  // relative

constexpr float removed = -INFINITY;

struct Answer {
  std::vector<float> logits, hidden;
  std::vector<std::vector<float>> layers;
  std::vector<float> scores;  // the logits after the processors
  double log_mass = 0;        // so that p = exp(score - log_mass)
};

// Asks for the prompt's outputs and runs the processors on its logits.
Task<void> look(Run& run, Outputs outputs, Answer* answer) {
  Ask ask;
  ask.nodes.assign(1, run.prompt());
  ask.outputs = outputs;
  auto rows = co_await run.eval(ask);
  answer->logits.assign(rows[0].logits.begin(), rows[0].logits.end());
  answer->hidden.assign(rows[0].hidden.begin(), rows[0].hidden.end());
  for (const auto& layer : rows[0].layers) answer->layers.emplace_back(layer.begin(), layer.end());
  const Step step = run.process(0, run.prompt(), rows[0]);
  answer->scores.resize(answer->logits.size());
  step.scores.copy_to(answer->scores);
  answer->log_mass = log_sum_exp(answer->scores).value;
}

Request request_for(const Json& c, GenerationConfig config, StrategyFunction strategy) {
  const StrategyFacts facts = facts_of(resolve_strategy(config), config);
  Request request{
      .config = std::move(config), .prompt = c["prompt_ids"], .strategy = std::move(strategy), .does = facts};
  if (c.contains("negative_prompt_ids")) request.negative_prompt = c["negative_prompt_ids"].get<std::vector<Token>>();
  return request;
}

// One answer for each case, all of them from the same few batches.
std::vector<Answer> look_at(const Json& cases, const std::function<Outputs(const Json&)>& outputs) {
  LlamaModel model(model_file(kF32), one_thread(), 1024);
  Scheduler scheduler({&model});
  std::vector<Answer> answers(cases.size());
  std::vector<std::unique_ptr<Run>> runs;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Json& c = cases[i];
    const GenerationConfig config = c.contains("options") ? config_of(c["options"]) : GenerationConfig{};
    runs.push_back(start(scheduler, request_for(c, config, [wanted = outputs(c), answer = &answers[i]](Run& run) {
                           return look(run, wanted, answer);
                         })));
  }
  scheduler.run();
  for (const auto& run : runs) run->rethrow();
  return answers;
}

Outputs only_logits(const Json&) { return {.logits = true, .hidden = false, .layers = {}}; }

// The listed [id, logit] are the largest ones, in this order.
void expect_top(const std::vector<float>& logits, const Json& top) {
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(top.size());
  std::partial_sort(order.begin(), end, order.end(), [&](Token a, Token b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  for (std::size_t i = 0; i < top.size(); ++i) {
    const Token id = top[i][0];
    EXPECT_NEAR(logits[static_cast<std::size_t>(id)], top[i][1].get<double>(), kLogit) << "token " << id;
    EXPECT_NEAR(logits[static_cast<std::size_t>(order[i])], top[i][1].get<double>(), kLogit) << "rank " << i + 1;
  }
}

// ---- greedy ---------------------------------------------------------------------------------------------------------

void expect_text(const Run& run, const Json& c) {
  SCOPED_TRACE(fmt::format("{} {}", c["name"].get<std::string>(), c["options"].dump()));
  run.rethrow();
  const Sequence& sequence = run.sequences()[0];
  const std::vector<Token> ids = c["ids"];
  EXPECT_EQ(sequence.ids, ids);
  EXPECT_EQ(sequence.bytes, c["text"].get<std::string>());
  EXPECT_EQ(to_string(sequence.finish), ids.back() == 2 ? "stop" : "length");
}

std::vector<std::unique_ptr<Run>> greedy_runs(Scheduler& scheduler, const Json& cases) {
  std::vector<std::unique_ptr<Run>> runs;
  for (const Json& c : cases)
    runs.push_back(start(scheduler, request_for(c, config_of(c["options"]), strategy("greedy").run)));
  return runs;
}

TEST(LlamaGolden, GreedyTexts) {
  const Json cases = golden_cases("greedy.json");
  ASSERT_EQ(cases.size(), 27u);
  LlamaModel model(model_file(kF32), one_thread(), 2304);
  Scheduler scheduler({&model});
  const auto runs = greedy_runs(scheduler, cases);
  scheduler.run();
  for (std::size_t i = 0; i < runs.size(); ++i) expect_text(*runs[i], cases[i]);
}

TEST(LlamaGolden, GreedyTextsAlone) {
  LlamaModel model(model_file(kF32), one_thread(), 256);
  const Json cases = golden_cases("greedy.json");
  for (std::size_t i = 0; i < cases.size(); i += 9) {
    Scheduler scheduler({&model});
    const auto runs = greedy_runs(scheduler, Json::array({cases[i]}));
    scheduler.run();
    expect_text(*runs[0], cases[i]);
  }
}

TEST(LlamaGolden, GreedyTextsFromChunksOfThreePositions) {
  const Json all = golden_cases("greedy.json"), cases = Json::array({all[6], all[19]});
  ModelOptions options = one_thread();
  options.prefill_chunk_size = 3;
  LlamaModel model(model_file(kF32), options, 512);
  Scheduler scheduler({&model}, {.prefill_chunk_size = 3});
  const auto runs = greedy_runs(scheduler, cases);
  scheduler.run();
  for (std::size_t i = 0; i < runs.size(); ++i) expect_text(*runs[i], cases[i]);
}

// ---- distributions --------------------------------------------------------------------------------------------------

TEST(LlamaGolden, NextTokenLogits) {
  const Json file = golden("greedy.json");
  const Json cases = file["next_token"];
  const std::vector<std::size_t> probes = file["probe_ids"];
  const auto answers = look_at(cases, only_logits);
  ASSERT_EQ(cases.size(), 9u);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i]["name"]);
    const std::vector<float>& logits = answers[i].logits;
    EXPECT_NEAR(log_sum_exp(logits).value, cases[i]["logsumexp"].get<double>(), kLogit);
    expect_top(logits, cases[i]["top"]);
    for (std::size_t j = 0; j < probes.size(); ++j) {
      EXPECT_NEAR(logits[probes[j]], cases[i]["probes"][j].get<double>(), kLogit) << "token " << probes[j];
    }
  }
}

TEST(LlamaGolden, HiddenStatesAndLayers) {
  const Json cases = golden_cases("hidden.json");
  const auto answers = look_at(cases, [](const Json& c) {
    Outputs outputs{.logits = true, .hidden = true, .layers = {}};
    for (const Json& layer : c["layers"]) outputs.layers.push_back(layer["layer"]);
    return outputs;
  });
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i]["name"]);
    const Answer& answer = answers[i];
    double square = 0;
    for (const float x : answer.hidden) square += static_cast<double>(x) * static_cast<double>(x);
    EXPECT_NEAR(std::sqrt(square), cases[i]["hidden_norm"].get<double>(), kLogit);
    const std::vector<double> hidden = cases[i]["hidden"];
    for (std::size_t j = 0; j < hidden.size(); ++j) EXPECT_NEAR(answer.hidden[j], hidden[j], kLogit) << j;
    ASSERT_EQ(answer.layers.size(), cases[i]["layers"].size());
    for (std::size_t j = 0; j < answer.layers.size(); ++j) {
      SCOPED_TRACE(cases[i]["layers"][j]["layer"]);
      expect_top(answer.layers[j], cases[i]["layers"][j]["top"]);
    }
  }
}

// ---- sampling -------------------------------------------------------------------------------------------------------

std::vector<std::int32_t> kept_ids(const Answer& answer) {
  std::vector<std::int32_t> ids;
  for (std::size_t id = 0; id < answer.scores.size(); ++id) {
    if (answer.scores[id] > removed) ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

double mass_of_likeliest(const Answer& answer, std::size_t n) {
  std::vector<float> scores = answer.scores;
  std::partial_sort(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(n), scores.end(), std::greater());
  double mass = 0;
  for (std::size_t i = 0; i < n; ++i) mass += std::exp(static_cast<double>(scores[i]) - answer.log_mass);
  return mass;
}

void expect_kept(const Answer& answer, const Json& c) {
  const std::vector<std::int32_t> kept = kept_ids(answer);
  ASSERT_EQ(kept.size(), c["n_kept"].get<std::size_t>());
  if (c.contains("sha256")) {  // too many to be listed
    const auto* bytes = reinterpret_cast<const char*>(kept.data());
    EXPECT_EQ(hash_sha256_hex(bytes, kept.size() * sizeof kept[0]), c["sha256"].get<std::string>());
    EXPECT_NEAR(mass_of_likeliest(answer, 300), c["sum"].get<double>(), kProbability * c["sum"].get<double>());
  } else {
    std::set<std::int32_t> listed;
    for (const Json& each : c["p"]) listed.insert(each[0].get<std::int32_t>());
    EXPECT_EQ(std::set(kept.begin(), kept.end()), listed);
  }
}

// The logits themselves agree to some 3e-5; a temperature T below 1 multiplies that by 1 / T.
void expect_processed(const Json& cases) {
  const auto answers = look_at(cases, only_logits);
  double worst = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(fmt::format("{} {}", cases[i]["name"].get<std::string>(), cases[i]["options"].dump()));
    expect_kept(answers[i], cases[i]);
    const double cold = std::max(1.0, 1 / cases[i]["options"].value("temperature", 1.0));
    for (const Json& each : cases[i]["p"]) {
      const Token id = each[0];
      const double log_p = static_cast<double>(answers[i].scores[static_cast<std::size_t>(id)]) - answers[i].log_mass;
      const double expected = each[1].get<double>();
      if (expected < 1e-30) continue;  // below what seven digits after float sums mean
      const double error = std::abs(std::exp(log_p) / expected - 1) / cold;
      EXPECT_LT(error, kProbability) << "token " << id << ": " << std::exp(log_p) << ", expected " << expected;
      worst = std::max(worst, error);
    }
  }
  fmt::print("largest relative difference of a probability, over 1 / T: {:.1e}\n", worst);
}

TEST(LlamaGolden, ProcessedDistributions) {
  const Json cases = golden_cases("processed.json");
  ASSERT_EQ(cases.size(), 78u);
  expect_processed(cases);
}

TEST(LlamaGolden, EachProcessorInCompany) {
  const Json cases = golden_cases("settings.json");
  ASSERT_EQ(cases.size(), 72u);
  expect_processed(cases);
}

}  // namespace
}  // namespace decant
