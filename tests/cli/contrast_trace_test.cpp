// What contrastive decoding says of its decisions, against both models' distributions. (Contrastive search and DoLa:
// tests/llama/contrast_test.cpp.)
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;
using Json = nlohmann::json;

class Records : public RunObserver {
 public:
  explicit Records(const Vocab& vocab) : vocab_(vocab) {}
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override {
    JsonWriter json;
    json.begin_object();
    write_fields(json, decision, vocab_);
    json.end_object();
    all.push_back(Json::parse(json.text()));
  }
  std::vector<Json> all;

 private:
  const Vocab& vocab_;
};

std::vector<double> log_softmax(const std::vector<float>& logits, double temperature) {
  double total = 0;
  for (const float each : logits) total += std::exp(each / temperature);
  std::vector<double> log_p;
  for (const float each : logits) log_p.push_back(each / temperature - std::log(total));
  return log_p;
}

std::vector<Json> records_of(GenerationConfig config, TableModel& expert, TableModel& amateur) {
  Scheduler scheduler({&expert, &amateur});
  Records records(expert.vocab());
  Request both = request(std::move(config), {1, 2}, contrastive_decoding, &records);
  both.models = {0, 1};
  const auto run = start(scheduler, both);
  scheduler.run();
  run->rethrow();
  return records.all;
}

TEST(ContrastTrace, EveryCandidateWithBothModelsAndItsFate) {
  const TableShape shape{.n_vocab = 40};
  TableModel expert(shape, random_table(40, 1)), amateur(shape, random_table(40, 2));
  for (const bool logits : {false, true}) {
    GenerationConfig config = greedy_config(6);
    config.amateur = "other";
    config.top_k = 4;
    config.tau_amateur = 1.5;
    config.trace_top = 10;
    if (logits) config.beta = 0.5;
    std::vector<Token> text = {1, 2};
    int differs = 0;
    for (const Json& record : records_of(config, expert, amateur)) {
      const Json& trace = record.at("contrastive_decoding");
      EXPECT_EQ(trace.at("form"), logits ? "logits" : "log_p");
      EXPECT_EQ(trace.contains("beta"), logits);
      EXPECT_EQ(trace.contains("lambda"), !logits);
      EXPECT_EQ(trace.at("amateur"), "other");
      const auto raw = expert.logits_after(text), raw_amateur = amateur.logits_after(text);
      const auto e = log_softmax(raw, 1), a = log_softmax(raw_amateur, 1.5);
      const double max = *std::max_element(e.begin(), e.end());
      EXPECT_NEAR(trace.at("threshold").get<double>(), 0.1 * std::exp(max), 1e-6);
      EXPECT_EQ(trace.at("plausible"),
                std::count_if(e.begin(), e.end(), [&](double x) { return x >= max + std::log(0.1); }));

      const Json& candidates = trace.at("candidates");
      ASSERT_EQ(candidates.size(), 15u);
      std::vector<double> contrasts;
      for (std::size_t v = 0; v < 40; ++v) {
        contrasts.push_back(logits ? 1.5 * raw[v] - 0.5 * raw_amateur[v] / 1.5 : e[v] - a[v]);
      }
      double best_seen = -1e9, best_score = -1e9;
      Token winner = -1;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        const Json& each = candidates[i];
        const auto v = each.at("id").get<std::size_t>();
        EXPECT_NEAR(each.at("expert").get<double>(), e[v], 1e-5);
        EXPECT_NEAR(each.at("amateur").get<double>(), a[v], 1e-5);
        EXPECT_NEAR(each.at("contrast").get<double>(), contrasts[v], 1e-5);
        const auto better = std::count_if(e.begin(), e.end(), [&](double x) { return x > e[v]; });
        EXPECT_TRUE(i >= 10 || static_cast<std::size_t>(better) == i);
        const bool plausible = e[v] >= max + std::log(0.1);
        EXPECT_EQ(each.at("fate"), !plausible ? "implausible" : better >= 4 ? "top_k" : "plausible");
        EXPECT_EQ(each.at("score").is_null(), each.at("fate") != "plausible");
        best_seen = std::max(best_seen, contrasts[v]);
        if (each.at("fate") == "plausible" && each.at("score") > best_score) {
          best_score = each.at("score");
          winner = static_cast<Token>(v);
        }
      }
      EXPECT_NEAR(best_seen, *std::max_element(contrasts.begin(), contrasts.end()), 1e-9);
      EXPECT_EQ(record.at("token").at("id"), winner);
      EXPECT_NEAR(record.at("p_raw").get<double>(), std::exp(e[static_cast<std::size_t>(winner)]), 1e-6);
      differs += best_seen > best_score;
      text.push_back(winner);
    }
    EXPECT_GT(differs, 0);  // some implausible token would have won
  }
}

TEST(ContrastTrace, BeamsSayItToo) {
  TableModel expert({}, random_table(8, 1)), amateur({}, random_table(8, 2));
  GenerationConfig config = greedy_config(4);
  config.amateur = "other";
  config.num_beams = 3;
  const auto records = records_of(config, expert, amateur);
  ASSERT_EQ(records.size(), 4u);
  for (const Json& record : records) {
    const Json& candidates = record.at("contrastive_decoding").at("candidates");
    const auto chosen = std::find_if(candidates.begin(), candidates.end(),
                                     [&](const Json& c) { return c.at("id") == record.at("token").at("id"); });
    ASSERT_NE(chosen, candidates.end());
    EXPECT_EQ(chosen->at("fate"), "plausible");
  }
}

}  // namespace
}  // namespace decant
