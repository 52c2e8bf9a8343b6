// What heads say along a text, and runs with them, on the files of tests/zoo/heads.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "run/run.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/golden_files.h"
#include "support/paths.h"
#include "tree/kv_cache.h"

namespace decant::test {

inline std::filesystem::path heads_folder() { return zoo_folder() / "heads"; }

class SaidByHead {
 public:
  SaidByHead(Model& model, Model& head) : texts_(make_cache(tree_, model)), guesses_(tree_, head, texts_) {}

  // By the model: the head reads what it says.
  void read(const std::vector<Token>& text) {
    const Outputs logits{.logits = true};
    texts_->begin();
    texts_->add(node(text).id(), &logits);
    texts_->forward();
  }

  // The head's largest logits behind the text are those of transformers.
  void expect(const std::vector<Token>& text, const Json& largest) {
    constexpr double tolerance = 2e-4;
    const Outputs wanted{.logits = true};
    guesses_.begin();
    const int row = guesses_.add(node(text).id(), &wanted);
    guesses_.forward();
    const std::span logits = guesses_.model().logits(row);
    for (const Json& each : largest)
      EXPECT_NEAR(static_cast<double>(logits[each[0].get<std::size_t>()]), each[1].get<double>(), tolerance);
  }

  // And those of its guesses, which read what it has said itself.
  void expect_guesses(std::vector<Token> text, const Json& golden) {
    for (std::size_t i = 0; i < golden["guesses"].size(); ++i) {
      SCOPED_TRACE(fmt::format("guess {}", i));
      expect(text, golden["guessed_rows"][i]);
      text.push_back(golden["guesses"][i].get<Token>());
    }
  }

 private:
  Node node(const std::vector<Token>& text) {
    Node node = tree_.root();
    for (const Token token : text) nodes_.push_back(node = node.child(token));
    return node;
  }

  PrefixTree tree_;
  std::vector<Node> nodes_;  // nothing is forgotten
  std::shared_ptr<Cache> texts_;
  KvCache guesses_;
};

inline std::vector<Json> ways_to_write() {
  return {
      Json::object(),
      {{"seed", 3}, {"temperature", 1.5}},
      {{"seed", 4}, {"temperature", 0.8}, {"top_p", 0.9}, {"repetition_penalty", 1.2}, {"num_return_sequences", 3}},
      {{"seed", 5}, {"temperature", 0.8}, {"guidance_scale", 1.5}},
  };
}

struct WrittenWithHead {
  std::vector<std::vector<Token>> ids = {};
  std::int64_t drafted = 0, kept = 0;
};

inline WrittenWithHead write_headed(Model& model, Model& head, const std::vector<Token>& prompt, const Json& options) {
  GenerationConfig config = config_of(options);
  config.max_new_tokens = 40;
  config.ignore_eos = true;
  const StrategyRow& row = resolve_strategy(config);
  Scheduler scheduler;
  const ModelId target = scheduler.add(model), drafting = scheduler.add(head, 1);
  Request request{.config = config,
                  .prompt = prompt,
                  .strategy = row.run,
                  .does = facts_of(row, config),
                  .models = {target},
                  .n_drafting = n_drafting(row, config)};
  if (request.n_drafting > 0) request.models.push_back(drafting);
  WrittenWithHead written;
  {
    const auto run = start(scheduler, std::move(request));
    scheduler.run();
    run->rethrow();
    for (const Sequence& each : run->sequences()) written.ids.push_back(each.ids);
    for (const auto& each : run->stats().speculation.drafters) {
      written.drafted += each.drafted;
      written.kept += each.kept;
    }
  }
  scheduler.cache(drafting).clear();
  return written;
}

}  // namespace decant::test
