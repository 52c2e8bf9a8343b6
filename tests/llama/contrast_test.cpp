// Contrastive search and DoLa on the F32 model against Hugging Face transformers, contrastive decoding against a
// float64 reference: tests/support/goldens/README.md says what was recorded. All cases of a prompt run in one
// scheduler, so that each has company of other kinds, and what they have in common is evaluated once.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/json_writer.h"
#include "llama/self_model.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr double kSearch = 1e-4;  // p, similarity and score of contrastive search
constexpr double kScore = 1e-3;   // other scores and divergences: absolute below 1, relative above

bool is_near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)); }

// Keeps what the strategies say of their decisions.
class Payloads : public RunObserver {
 public:
  explicit Payloads(const Vocab& vocab) : vocab_(vocab) {}
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override {
    JsonWriter json;
    json.begin_object();
    if (decision.strategy) decision.strategy->write(json, vocab_);
    json.end_object();
    steps.push_back(Json::parse(json.text()));
  }
  std::vector<Json> steps;

 private:
  const Vocab& vocab_;
};

std::shared_ptr<const LlamaFile> amateur_file(const std::string& name) {
  static auto& files = *new std::map<std::string, std::shared_ptr<const LlamaFile>>;
  auto& file = files[name];
  if (!file) file = load_self_model(name, model_file(kF32), {});
  return file;
}

// The cases of one prompt with their Runs, all in one scheduler.
class Company {
 public:
  Company(const std::vector<Json>& cases, bool with_payloads) : expert_(model_file(kF32), one_thread(), 12288, 256) {
    std::vector<Model*> models = {&expert_};
    std::map<std::string, int> index;
    for (const Json& c : cases) {
      const std::string name = c["options"].value("amateur", "");
      if (name.empty() || index.count(name)) continue;
      amateurs_.push_back(std::make_unique<LlamaModel>(amateur_file(name), one_thread(), 8192, 256));
      index[name] = static_cast<int>(models.size());
      models.push_back(amateurs_.back().get());
    }
    scheduler_ = std::make_unique<Scheduler>(models);
    for (const Json& c : cases) {
      const GenerationConfig config = config_of(c["options"]);
      payloads_.push_back(with_payloads ? std::make_unique<Payloads>(expert_.vocab()) : nullptr);
      std::vector<int> used = {0};
      if (!config.amateur.empty()) used.push_back(index[config.amateur]);
      runs_.push_back(start(*scheduler_, {.config = config,
                                          .prompt = c["prompt_ids"],
                                          .strategy = resolve_strategy(config).run,
                                          .does = facts_of(resolve_strategy(config), config),
                                          .models = used,
                                          .observer = payloads_.back().get()}));
    }
    scheduler_->run();
    for (const auto& run : runs_) run->rethrow();
  }

  const std::vector<Sequence>& sequences(std::size_t i) const { return runs_[i]->sequences(); }
  const std::vector<Token>& ids(std::size_t i) const { return sequences(i)[0].ids; }
  const std::vector<Json>& steps(std::size_t i) const { return payloads_[i]->steps; }

 private:
  LlamaModel expert_;
  std::vector<std::unique_ptr<LlamaModel>> amateurs_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Payloads>> payloads_;
  std::vector<std::unique_ptr<decant::Run>> runs_;
};

// check(company, index of the case in it, case) for every case of a list.
template <class Check>
void for_every_case(const char* list, bool with_payloads, Check check) {
  const auto share = by_prompt(golden("contrast.json")[list], "name", 9);
  ASSERT_GE(share.size(), 2u);
  for (const auto& [name, cases] : share) {
    const Company company(cases, with_payloads);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE(name + " " + cases[i]["options"].dump());
      check(company, i, cases[i]);
    }
  }
}

TEST(LlamaGoldenContrast, ContrastiveSearchWritesTheRecordedTexts) {
  for_every_case("contrastive_search", true, [](const Company& company, std::size_t i, const Json& c) {
    EXPECT_EQ(Json(company.ids(i)), c["ids"]);
    if (!c.contains("steps")) return;
    const auto& steps = company.steps(i);
    ASSERT_EQ(steps.size(), c["steps"].size());
    for (std::size_t t = 0; t < steps.size(); ++t) {
      const Json& found = steps[t]["contrastive_search"]["candidates"];
      const Json& recorded = c["steps"][t];
      ASSERT_EQ(found.size(), recorded.size());
      for (std::size_t j = 0; j < found.size(); ++j) {
        EXPECT_EQ(found[j]["id"], recorded[j][0]) << t;
        EXPECT_NEAR(found[j]["p"].get<double>(), recorded[j][1].get<double>(), kSearch) << t;
        EXPECT_NEAR(found[j]["similarity"].get<double>(), recorded[j][2].get<double>(), kSearch) << t;
        EXPECT_NEAR(found[j]["score"].get<double>(), recorded[j][3].get<double>(), kSearch) << t;
      }
    }
  });
}

TEST(LlamaGoldenContrast, DolaWritesTheRecordedTexts) {
  for_every_case("dola", true, [](const Company& company, std::size_t i, const Json& c) {
    EXPECT_EQ(Json(company.ids(i)), c["ids"]);
    const auto& steps = company.steps(i);
    ASSERT_EQ(steps.size(), c["layers"].size());
    for (std::size_t t = 0; t < steps.size(); ++t) {
      EXPECT_EQ(steps[t]["dola"]["chosen"], c["layers"][t]) << t;
      if (!c.contains("divergences")) continue;
      const Json& layers = steps[t]["dola"]["layers"];
      ASSERT_EQ(layers.size(), c["divergences"][t].size());
      for (std::size_t j = 0; j < layers.size(); ++j) {
        EXPECT_PRED3(is_near, layers[j]["divergence"].get<double>(), c["divergences"][t][j].get<double>(), kScore) << t;
      }
    }
  });
}

TEST(LlamaGoldenContrast, ContrastiveDecodingWritesTheRecordedTexts) {
  for_every_case("contrastive_decoding", true, [](const Company& company, std::size_t i, const Json& c) {
    if (!c.contains("answers")) {
      EXPECT_EQ(Json(company.ids(i)), c["ids"]);
      if (c["options"].contains("repetition_penalty")) return;  // recorded is what the processors made of the scores
      ASSERT_EQ(company.steps(i).size(), c["scores"].size());
      for (std::size_t t = 0; t < c["scores"].size(); ++t) {
        const Json& all = company.steps(i)[t]["contrastive_decoding"]["candidates"];
        const auto chosen =
            std::find_if(all.begin(), all.end(), [&](const Json& each) { return each["id"] == c["ids"][t]; });
        ASSERT_NE(chosen, all.end());
        EXPECT_PRED3(is_near, chosen->at("score").get<double>(), c["scores"][t].get<double>(), kScore) << t;
      }
      return;
    }
    const auto& found = company.sequences(i);
    ASSERT_EQ(found.size(), c["answers"].size());
    for (std::size_t j = 0; j < found.size(); ++j) {
      EXPECT_EQ(Json(found[j].ids), c["answers"][j]["ids"]) << j;
      EXPECT_PRED3(is_near, found[j].beam->normalized, c["answers"][j]["score"].get<double>(), kScore) << j;
    }
  });
}

// The first distribution of DoLa when it samples, and of contrastive decoding.
class FirstStep : public RunObserver {
 public:
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override {
    if (!top.empty()) return;
    top = decision.top;
    kept = decision.kept;
  }
  int kept = 0;
  std::vector<TraceCandidate> top;
};

TEST(LlamaGoldenContrast, TheFirstScoresAreTheRecordedOnes) {
  const Json all = golden("contrast.json");
  LlamaModel expert(model_file(kF32), one_thread(), 1024, 4);
  int checked = 0;
  for (const char* list : {"dola_scores", "contrastive_decoding"}) {
    for (const Json& c : all[list]) {
      const bool is_dola = std::string(list) == "dola_scores";
      if (!is_dola && (!c.contains("first") || ++checked % 8 != 0)) continue;
      SCOPED_TRACE(c["name"].get<std::string>() + " " + c["options"].dump());
      GenerationConfig config = config_of(c["options"]);
      config.max_new_tokens = 1;
      config.seed = 1;
      std::vector<Model*> models = {&expert};
      std::unique_ptr<LlamaModel> amateur;
      if (!config.amateur.empty()) {
        amateur = std::make_unique<LlamaModel>(amateur_file(config.amateur), one_thread(), 1024, 4);
        models.push_back(amateur.get());
      }
      Scheduler scheduler(models);
      FirstStep first;
      const auto run = start(scheduler, {.config = config,
                                         .prompt = c["prompt_ids"],
                                         .strategy = resolve_strategy(config).run,
                                         .does = facts_of(resolve_strategy(config), config),
                                         .models = amateur ? std::vector{0, 1} : std::vector{0},
                                         .observer = &first});
      scheduler.run();
      run->rethrow();
      EXPECT_TRUE(!is_dola || first.kept == c["n_kept"]) << first.kept;
      const Json& recorded = is_dola ? c["scores"] : c["first"]["scores"];
      for (std::size_t j = 0; j < recorded.size(); ++j) {
        ASSERT_LT(j, first.top.size());
        EXPECT_EQ(first.top[j].id, recorded[j][0]);
        EXPECT_PRED3(is_near, first.top[j].score, recorded[j][1].get<double>(), kScore);
      }
    }
  }
}

}  // namespace
}  // namespace decant
