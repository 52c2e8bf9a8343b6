// A strategy with an option of its own, added by this one file: all that else has to know of it, knows it. In a program
// of its own, since what is registered here stands in every list.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "options/help.h"
#include "options/option.h"
#include "options/setting.h"
#include "options/usage_error.h"
#include "strategies/resolve.h"
#include "support/runs.h"

namespace decant {
namespace {

using namespace testing;

const Option<int> toy_depth({.name = "toy_depth",
                             .group = "Toy",
                             .range = between(1, 8),
                             .doc = "the rank of the token that is taken",
                             .when = "2 to see what comes second",
                             .aliases = {"--toy"}},
                            1);

// Always the token of this rank.
Task<void> toy(Run& run) {
  Node tip = run.prompt();
  while (!run.finished(0)) {
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    const Token token = step.scores.top(toy_depth(run.config())).back().id;
    tip = run.emit(0, step, token);
  }
}

const Registered<StrategyRow> row({.name = "toy",
                                   .order = 100,
                                   .run = toy,
                                   .doc = "the token of a rank, every time",
                                   .implied_by = "toy_depth",
                                   .precedence = 2,
                                   .reads = {"toy_depth"}});

GenerationConfig given(std::string_view setting) { return parse_setting(setting, {}).config; }

std::string_view resolved(std::string_view setting) { return resolve_strategy(given(setting)).name; }

std::string refused(std::string_view setting) {
  return usage_error([&] { resolve_strategy(given(setting)); });
}

TEST(ToyStrategy, FollowsFromItsOption) {
  EXPECT_EQ(resolved("toy_depth=3"), "toy");
  EXPECT_EQ(resolved("--toy=3 max_new_tokens=5"), "toy");
  EXPECT_EQ(resolved("strategy=toy"), "toy");
  EXPECT_EQ(resolved("toy_depth=1"), "greedy");  // the default asks for nothing
  GenerationConfig config;
  toy_depth.set(config, 2);
  EXPECT_EQ(resolve_strategy(config).name, "toy");
}

TEST(ToyStrategy, ContradictsWhatDoesNotGoWithIt) {
  EXPECT_EQ(refused("strategy=greedy toy_depth=3"),
            "strategy greedy does not read toy_depth: drop it, or choose a strategy that reads it (toy)");
  EXPECT_EQ(refused("toy_depth=3 temperature=0.5"),
            "strategy toy does not read temperature: drop it, or choose a strategy that reads it (sample, beam_sample, "
            "contrastive_decoding, dola)");
  EXPECT_EQ(refused("toy_depth=3 num_return_sequences=2"),
            "num_return_sequences is 2, but toy finds a single sequence: use sampling or beams");
  EXPECT_EQ(refused("toy_depth=3 dola_layers=low"), "dola_layers contradicts toy_depth: drop one of them");
  EXPECT_EQ(refused("toy_depth=9"), "toy_depth is 9: it must be a whole number from 1 to 8");
  EXPECT_EQ(refused("strategy=toi"),
            "strategy is 'toi': it must be one of greedy, sample, beam, beam_sample, diverse_beam, constrained_beam, "
            "contrastive_search, contrastive_decoding, dola, toy (did you mean toy?)");
  EXPECT_EQ(refused("toy_deth=2"), "unknown option toy_deth: did you mean toy_depth?");
}

TEST(ToyStrategy, StandsInHelpAndReference) {
  const std::string help = help_text(help_rows(generation_fields()), 120);
  EXPECT_NE(help.find("\nToy:\n  --toy, --toy-depth N"), help.npos) << help;
  EXPECT_NE(help.find("the rank of the token that is taken [1]"), help.npos);
  const std::string page = reference_text(generation_fields(), readers);
  EXPECT_NE(page.find("\n## Toy\n"), page.npos);
  EXPECT_NE(page.find("| `toy_depth` | `1` | a whole number from 1 to 8 | the rank of the token that is taken | "
                      "2 to see what comes second | toy | `--toy` |\n"),
            page.npos)
      << page;
  EXPECT_EQ(strategies().back(), &*row);
}

TEST(OwnOption, IsAnOptionAsAnyOther) {
  const Field<GenerationConfig>& field = get(generation_fields(), "toy-depth");
  GenerationConfig config = given("toy_depth=5");
  EXPECT_EQ(toy_depth(config), 5);
  EXPECT_EQ(to_text(value_of(config, field)), "5");
  EXPECT_TRUE(is_given(config, field));
  const GenerationConfig copy = config;
  set(config, field, "6");
  EXPECT_EQ(toy_depth(config), 6);
  EXPECT_EQ(toy_depth(copy), 5);
  EXPECT_EQ(toy_depth(parse_setting("top_k=3", copy).config), 5);  // over its base
  reset(config, field);
  EXPECT_EQ(toy_depth(config), 1);
  EXPECT_FALSE(is_set(config, field));

  JsonWriter json;
  write_json(json, generation_fields(), copy);
  EXPECT_NE(json.text().find(R"(,"toy_depth":5)"), std::string::npos) << json.text();
}

TEST(OwnOption, KeepsItsValueWhereATextIsRefused) {
  const Field<GenerationConfig>& field = get(generation_fields(), "toy_depth");
  GenerationConfig config = given("toy_depth=5");
  EXPECT_EQ(usage_error([&] { set(config, field, "many"); }),
            "toy_depth is 'many': it must be a whole number from 1 to 8");
  EXPECT_EQ(toy_depth(config), 5);
}

TEST(ToyStrategy, Runs) {
  const Table table = random_table(8, 3);
  for (int depth = 1; depth <= 4; ++depth) {
    std::vector<Token> text = {1, 2};
    while (text.size() < 8) {
      const std::vector<float> logits = table(text);
      std::vector<Token> ranked(logits.size());
      std::iota(ranked.begin(), ranked.end(), 0);
      std::stable_sort(ranked.begin(), ranked.end(), [&](Token a, Token b) {
        return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
      });
      text.push_back(ranked[static_cast<std::size_t>(depth - 1)]);
    }
    GenerationConfig config = greedy_config(6);
    config.strategy = "toy";
    config.ignore_eos = true;
    toy_depth.set(config, depth);
    const auto found = run_alone(request(config, {1, 2}, resolve_strategy(config).run), {}, table);
    EXPECT_EQ(found.at(0), std::vector<Token>(text.begin() + 2, text.end())) << depth;
  }
}

}  // namespace
}  // namespace decant
