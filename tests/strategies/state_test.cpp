// Every strategy on models whose memory is a state (tree/state_cache.h): the same texts, whatever can be taken back and
// however few sequences there are.
#include <gtest/gtest.h>

#include "base/error.h"
#include "options/table.h"
#include "support/runs.h"

namespace decant {
namespace {

using namespace testing;

std::vector<GenerationConfig> configs() {
  GenerationConfig greedy = greedy_config(20), sampled = sampling_config(3, 20), beams = greedy, drawn = sampled,
                   diverse = greedy, contrastive = greedy, guided = greedy, dola = greedy;
  sampled.num_return_sequences = 3;
  beams.num_beams = beams.num_return_sequences = 4;
  drawn.num_beams = 3;
  diverse.num_beams = 4;
  diverse.num_beam_groups = 2;
  diverse.diversity_penalty = 0.5F;
  contrastive.penalty_alpha = 0.6F;
  contrastive.top_k = 4;
  guided.guidance_scale = 1.5F;
  dola.dola_layers = "high";
  return {greedy, sampled, beams, drawn, diverse, contrastive, guided, dola};
}

std::vector<std::vector<Token>> texts_of(const GenerationConfig& config, TableShape shape) {
  std::vector<Token> prompt(40);
  for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<Token>(i * i % 7);
  return run_alone(request(config, prompt, resolve_strategy(config).run), shape);
}

TEST(States, EveryStrategyWritesWhatItWritesOnCells) {
  for (const GenerationConfig& config : configs()) {
    SCOPED_TRACE(resolve_strategy(config).name);
    const auto expected = texts_of(config, {});
    EXPECT_FALSE(expected[0].empty());
    for (const int rewind : {0, 3}) {
      for (const int sequences : {1, 2, 5, 16}) {
        EXPECT_EQ(texts_of(config, {.max_sequences = sequences, .rewind = rewind}), expected) << rewind << sequences;
      }
    }
  }
}

// Rows that beams read beyond those of their tokens: none where there is a sequence for each and one for the prompt.
TEST(States, BeamsReadNothingTwice) {
  const auto rows = [](int rewind) {
    TableModel model({.max_sequences = 9, .rewind = rewind});
    Scheduler scheduler({&model});
    GenerationConfig beams = greedy_config(20);
    beams.num_beams = 4;
    const auto run = start(scheduler, request(beams, {1, 2, 3}, resolve_strategy(beams).run));
    scheduler.run();
    return model.rows_evaluated();
  };
  EXPECT_EQ(rows(0), rows(kRewindAll));
}

TEST(States, DraftsAreChainsThatCanBeTakenBack) {
  GenerationConfig plain = greedy_config(40), drafted = plain;
  set(drafted, get(generation_fields(), "prompt_lookup_num_tokens"), "5");
  set(drafted, get(generation_fields(), "num_assistant_tokens_schedule"), "constant");  // whatever a clock says
  const Table table = [](const std::vector<Token>& prefix) {  // a text that repeats itself, and then does not
    std::vector<float> logits(8, 0.0F);
    logits[prefix.size() % 17 == 0 ? 7 : (prefix.size() * 3) % 5] = 1;
    return logits;
  };
  const std::vector<Token> prompt = {1, 2, 3, 1, 2, 3};
  const auto expected = run_alone(request(plain, prompt, resolve_strategy(plain).run), {}, table);
  for (const int rewind : {1, 3, 8}) {
    TableModel model({.max_sequences = 3, .rewind = rewind}, table);
    Scheduler scheduler({&model});
    const auto run = start(scheduler, request(drafted, prompt, resolve_strategy(drafted).run));
    scheduler.run();
    run->rethrow();
    EXPECT_EQ(run->sequences()[0].ids, expected[0]) << rewind;
    EXPECT_LE(model.rows_evaluated(), 6 + 40 + run->speculation().drafters[0].drafted) << "nothing is read twice";
    EXPECT_GT(run->speculation().drafters[0].kept, 0);
  }
}

TEST(States, DraftsThatCannotBeTakenBackAreRefused) {
  GenerationConfig drafted = greedy_config(8), usual = drafted;
  set(drafted, get(generation_fields(), "prompt_lookup_num_tokens"), "5");
  set(usual, get(generation_fields(), "speculate"), "auto");
  EXPECT_THROW(texts_of(drafted, {.rewind = 0}), Error);
  EXPECT_EQ(texts_of(usual, {.rewind = 0}), texts_of(greedy_config(8), {}));
}

}  // namespace
}  // namespace decant
