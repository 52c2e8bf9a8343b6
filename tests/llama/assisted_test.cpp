// Assisted decoding: greedily as transformers' (tests/support/goldens), and with an assistant of another vocabulary.
#include <gtest/gtest.h>

#include <map>

#include "drafters/translation.h"
#include "kernels/isa.h"
#include "llama/self_model.h"
#include "run/run.h"
#include "strategies/resolve.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr const char* kOther = "smollm2-16k-q8_0.gguf";  // the first 16,000 merges of the default vocabulary

// One target, and the models that guess for it, loaded when they are first named.
class Assisted {
 public:
  explicit Assisted(const char* name) : file_(model_file(name)), target_(file_, one_thread(), 4096, 64) {
    scheduler_.add(target_);
  }

  std::unique_ptr<decant::Run> begin(const GenerationConfig& config, const std::vector<Token>& prompt) {
    const StrategyRow& row = resolve_strategy(config);
    Request request{.config = config,
                    .prompt = prompt,
                    .strategy = row.run,
                    .does = facts_of(row, config),
                    .n_drafting = n_drafting(row, config)};
    for (const std::string& name : models_of(row, config)) request.models.push_back(model(name));
    return start(scheduler_, request);
  }

  void run() { scheduler_.run(); }
  const Vocab& vocab() const { return target_.vocab(); }

 private:
  ModelId model(const std::string& name) {
    const auto known = ids_.find(name);
    if (known != ids_.end()) return known->second;
    const auto file = is_self_model(name) ? load_self_model(name, file_, one_thread()) : model_file(name);
    assistants_.push_back(std::make_unique<LlamaModel>(file, one_thread(), 4096, 8));
    return ids_[name] = scheduler_.add(*assistants_.back(), 1);
  }

  std::shared_ptr<const LlamaFile> file_;
  LlamaModel target_;
  std::vector<std::unique_ptr<LlamaModel>> assistants_;
  std::map<std::string, ModelId> ids_;
  Scheduler scheduler_;
};

// Always as many guesses as may be, so that the test does not hang on a clock.
GenerationConfig steadily(GenerationConfig config) {
  set(config, get(generation_fields(), "num_assistant_tokens_schedule"), "constant");
  return config;
}

TEST(LlamaGolden, AssistedDecoding) {
  const Json cases = golden_cases("assisted.json");
  ASSERT_EQ(cases.size(), 50U);
  Assisted assisted(kF32);
  std::vector<std::unique_ptr<decant::Run>> runs;
  for (const Json& c : cases) runs.push_back(assisted.begin(steadily(config_of(c["options"])), c["prompt_ids"]));
  assisted.run();
  std::map<std::string_view, std::int64_t> kept, theirs;  // by drafter
  for (std::size_t i = 0; i < runs.size(); ++i) {
    SCOPED_TRACE(cases[i]["name"].get<std::string>() + cases[i]["options"].dump());
    runs[i]->rethrow();
    EXPECT_EQ(runs[i]->sequences()[0].ids, cases[i]["ids"].get<std::vector<Token>>());
    const auto stats = runs[i]->stats().speculation;
    const auto& drafter = stats.drafters.at(0);
    kept[drafter.name] += drafter.kept;
    std::int64_t its = 0;
    for (const Json& round : cases[i]["rounds"]) its += round[1].get<std::int64_t>();
    theirs[drafter.name] += its;
    if (drafter.name == "prompt_lookup") {
      EXPECT_LE(std::abs(drafter.kept - its), 1)
          << "theirs does not count the last token of a text that is all guessed";
    }
  }
  EXPECT_EQ(kept.size(), 4U);
  for (const auto& [name, count] : kept) {
    fmt::print("{}: {} guesses kept, transformers' {}\n", name, count, theirs[name]);
    EXPECT_GT(count, theirs[name] * 3 / 4) << name;
  }
}

TEST(LlamaAssisted, ByAnotherVocabularyTheIdsAreTheSame) {
  if (!kernels::best_isa()) GTEST_SKIP() << "no instruction set for our kernels: bits hang on company";
  Assisted assisted(kQ4_0);
  std::int64_t kept = 0;
  for (const char* prompt : {"Once upon a time", "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return",
                             "<|im_start|>user\nSag etwas über Bäume 🌲.<|im_end|>\n<|im_start|>assistant\n"}) {
    for (const Json& way : {Json({}), Json{{"temperature", 0.7}, {"top_p", 0.9}},
                            Json{{"temperature", 0.7}, {"repetition_penalty", 1.2}, {"num_return_sequences", 2}}}) {
      GenerationConfig config = config_of(way);
      config.seed = 5;
      config.max_new_tokens = 40;
      const std::vector<Token> ids = assisted.vocab().tokenize(prompt, true, false);
      const auto plain = assisted.begin(config, ids);
      set(config, get(generation_fields(), "assistant_model"), kOther);
      const auto drafted = assisted.begin(steadily(config), ids);
      assisted.run();
      drafted->rethrow();
      for (std::size_t i = 0; i < plain->sequences().size(); ++i)
        EXPECT_EQ(drafted->sequences()[i].ids, plain->sequences()[i].ids) << prompt << way.dump();
      const auto stats = drafted->stats().speculation;
      ASSERT_EQ(stats.drafters.at(0).name, "universal");
      EXPECT_GT(stats.drafters[0].kept, 0) << prompt << way.dump();
      kept += stats.drafters[0].kept;
    }
  }
  fmt::print("{} guesses kept\n", kept);
  EXPECT_GT(kept, 150);
}

// Text of the target's in the tokens of the other vocabulary, step by step, is what its tokenizer makes of the whole.
TEST(LlamaAssisted, TextsAreTranslatedAsTheyGrow) {
  const Vocab &from = model_file(kQ4_0)->vocab(), &to = model_file(kOther)->vocab();
  EXPECT_EQ(to.size(), 16252);
  const std::vector<Token> same = same_tokens(from, to);
  const std::string text =
      "The unquestionable lighthousekeeper, 1984; über alles 昔々🌸!\n\n    def f(x):\n\treturn xyzzy(x)  # ok\r\n" +
      std::string(60, 'a') + " counterrevolutionaries' hypotheses...";
  const std::vector<Token> ids = from.tokenize(text, false, false);
  Utf8Buffer characters;
  std::string spelt;  // the vocabularies have no token for some bytes
  for (const Token token : ids) spelt += characters.push(from.bytes(token));
  for (const std::size_t step : {1, 3, 7}) {
    Translation translation(from, to, same);
    for (std::size_t n = 0; n < ids.size(); n += step) translation.follow(std::span(ids).first(n));
    translation.follow(ids);
    const std::span<const Token> tokens = translation.tokens();
    EXPECT_EQ(std::vector<Token>(tokens.begin(), tokens.end()), to.tokenize(spelt, false, false)) << step;
  }
}

}  // namespace
}  // namespace decant
