#include "cli/grid.h"

#include <gtest/gtest.h>

#include <set>

#include "cli/grid_file.h"
#include "cli/option_json.h"
#include "options/usage_error.h"

namespace decant {
namespace {

using Places = std::vector<std::size_t>;

Grid grid(const std::vector<std::string>& settings, const std::vector<std::string>& axes, std::size_t prompts = 1) {
  std::vector<Column> columns = parse_columns(settings, {});
  if (columns.empty()) columns.push_back({"", {}});
  std::vector<Axis> parsed;
  for (const std::string& text : axes) parsed.push_back(parse_axis(text));
  return Grid(std::move(columns), std::move(parsed), prompts);
}

TEST(Grid, Axes) {
  const Axis k = parse_axis("top-k=2, 5,50");
  EXPECT_EQ(k.field->name, "top_k");
  ASSERT_EQ(k.values.size(), 3u);
  EXPECT_EQ(k.label(1), "5");
  const Axis layers = parse_axis("dola_layers=low;18,20");
  EXPECT_EQ(layers.label(0), "low");
  EXPECT_EQ(layers.label(1), "18,20");
  EXPECT_EQ(parse_axis("seed=1").values.size(), 1u);
  EXPECT_EQ(usage_error([] { parse_axis("tpo_k=1,2"); }), "unknown option tpo_k: did you mean top_k?");
  EXPECT_EQ(usage_error([] { parse_axis("top_k"); }), "the grid has 'top_k' where option=value,value is expected");
  EXPECT_EQ(usage_error([] { parse_axis("top_k="); }), "the grid's top_k has no values: write top_k=value,value");
  EXPECT_EQ(usage_error([] { parse_axis("top_k=,"); }), "the grid's top_k has no values: write top_k=value,value");
}

TEST(Grid, SettingsSlowestLastAxisFastest) {
  const Grid g = grid({"a: seed=7", "b: seed=8"}, {"penalty_alpha=0.1,0.5", "top_k=2,5,50"}, 4);
  EXPECT_EQ(g.combinations(), 12u);
  EXPECT_EQ(g.points(), 48u);
  EXPECT_EQ(g.places(0), (Places{0, 0, 0}));
  EXPECT_EQ(g.places(1), (Places{0, 0, 1}));
  EXPECT_EQ(g.places(3), (Places{0, 1, 0}));
  EXPECT_EQ(g.places(11), (Places{1, 1, 2}));
  const Column last = g.at(11);
  EXPECT_EQ(last.config.seed, 8u);
  EXPECT_EQ(last.config.penalty_alpha, 0.5);
  EXPECT_EQ(last.config.top_k, 50);
  EXPECT_EQ(last.strategy->name, "contrastive_search");
  EXPECT_EQ(g.describe(11), "b, penalty_alpha=0.5 top_k=50");
  EXPECT_EQ(grid({}, {"top_k=2"}).describe(0), "top_k=2");
}

// Of a grid of millions only so much is looked at: every value once, and where numbers are least and greatest together.
TEST(Grid, WhatTellsOfAll) {
  EXPECT_EQ(grid({}, {"top_k=2,5,50", "num_beams=1,2"}).telling().size(), 6u);
  std::string ten = "1";
  for (int i = 2; i <= 30; ++i) ten += "," + std::to_string(i);
  const Grid large =
      grid({"a:", "b: seed=8"}, {"num_beams=7,40,3", "max_new_tokens=" + ten, "top_k=" + ten, "seed=" + ten}, 5);
  const std::vector<std::uint64_t> telling = large.telling();
  EXPECT_LT(telling.size(), 1000u);
  std::vector<std::set<std::size_t>> seen(5);
  std::set<Places> places;
  for (const std::uint64_t i : telling) {
    const Places place = large.places(i);
    places.insert(place);
    for (std::size_t axis = 0; axis < place.size(); ++axis) seen[axis].insert(place[axis]);
  }
  EXPECT_EQ(places.size(), telling.size());
  EXPECT_EQ(seen[0].size(), 2u);
  EXPECT_EQ(seen[1].size(), 3u);
  for (std::size_t axis = 2; axis < 5; ++axis) EXPECT_EQ(seen[axis].size(), 30u) << axis;
  EXPECT_TRUE(places.contains({1, 1, 29, 29, 0}));  // 40 beams, 30 tokens, top_k 30
  EXPECT_TRUE(places.contains({0, 2, 0, 29, 29}));  // 3 beams, one token
}

TEST(Grid, AValueReplacesTheSettings) {
  const Grid g = grid({"a: stop_token_ids=1,2 top_k=9"}, {"stop_token_ids=3;4,5", "top_k=2"});
  EXPECT_EQ(g.at(0).config.stop_token_ids, (std::vector<int>{3}));
  EXPECT_EQ(g.at(1).config.stop_token_ids, (std::vector<int>{4, 5}));
  EXPECT_EQ(g.at(1).config.top_k, 2);
}

TEST(Grid, BadOnes) {
  EXPECT_EQ(usage_error([] {
              grid({}, {"top_k=1", "top-k=2"});
            }),
            "the grid has top_k more than once: give all its values together");
  EXPECT_NE(usage_error([] { grid({}, {"num_beams=1,0"}).at(1); }).find("num_beams is 0: it must be"),
            std::string::npos);
  EXPECT_NE(usage_error([] { grid({}, {"num_beams=1,x"}).at(1); }).find("num_beams is 'x'"), std::string::npos);
  EXPECT_NE(usage_error([] {
              grid({}, {"num_beams=1,2", "penalty_alpha=0.5"}).at(1);
            }).find("at num_beams=2 penalty_alpha=0.5: "),
            std::string::npos);
  EXPECT_NE(usage_error([] { grid({"a: max_time=1"}, {"seed=1"}).at(0); }).find("max_time"), std::string::npos);
  std::string many = "seed=0";
  for (int i = 1; i < 1000; ++i) many += fmt::format(",{}", i);
  const auto axis = [&](const std::string& name) { return name + many.substr(4); };
  EXPECT_EQ(grid({}, {axis("seed"), axis("top_k")}).points(), 1000000u);  // not made before they are asked for
  const std::vector<std::string> six = {
      axis("seed"),     axis("top_k"), axis("min_length"), axis("max_new_tokens"), axis("no_repeat_ngram_size"),
      axis("num_beams")};
  EXPECT_NE(usage_error([&] { grid({}, six); }).find("more than 9007199254740992 points"), std::string::npos);
}

TEST(Grid, SetOptions) {
  const Grid g = grid({}, {"temperature=1"});
  JsonWriter json;
  write_set_options(json, g.at(0).config);
  EXPECT_EQ(json.text(), R"({"temperature":1})");  // the default, but it asks for sampling
}

// ---- the file -------------------------------------------------------------------------------------------------------

std::string complaint(const std::string& yaml, ErrorKind kind = ErrorKind::data) {
  try {
    parse_grid_file(yaml, "S.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "none";
}

TEST(GridFile, EveryKey) {
  const GridFile file = parse_grid_file(
      "# a comment\n"
      "prompts:\n  - The sky is\n  - \"two\\nlines: yes\"\n"
      "options: {max_new_tokens: 64, stop_strings: [\"a, b\", c], eos_token_id: [1, 2]}\n"
      "settings:\n  - \"greedy:\"\n  - \"beams: num_beams=4\"\n"
      "grid:\n  penalty_alpha: [0.1, 0.5]\n  stop: [[x, y], z]\n  dola_layers: [low, [18, 20]]\n  seed: 3\n",
      "S.yaml");
  EXPECT_EQ(file.prompts, (std::vector<std::string>{"The sky is", "two\nlines: yes"}));
  ASSERT_EQ(file.options.size(), 3u);
  EXPECT_EQ(file.options[1].second, (std::vector<std::string>{"a, b", "c"}));
  EXPECT_EQ(file.options[2].second, (std::vector<std::string>{"1,2"}));
  EXPECT_EQ(file.settings, (std::vector<std::string>{"greedy:", "beams: num_beams=4"}));
  ASSERT_EQ(file.axes.size(), 4u);
  EXPECT_EQ(file.axes[0].label(1), "0.5");
  EXPECT_EQ(file.axes[1].values[0], (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(file.axes[2].values[1], (std::vector<std::string>{"18,20"}));
  EXPECT_EQ(file.axes[3].label(0), "3");
}

TEST(GridFile, BadOnes) {
  EXPECT_NE(complaint("grid: [").find("S.yaml line "), std::string::npos);
  EXPECT_NE(complaint("grid: [").find("is not YAML: "), std::string::npos);
  EXPECT_EQ(complaint("just text"), "S.yaml line 1: a map with prompts, options, settings and grid is expected");
  EXPECT_EQ(complaint(""), "S.yaml line 1: a map with prompts, options, settings and grid is expected");
  EXPECT_EQ(complaint("prompts: [a]\ngird: {}"),
            "S.yaml line 2: unknown key gird: there are prompts, prompts_file, options, settings and grid");
  EXPECT_EQ(complaint("grid:\n  tpo_k: [1]", ErrorKind::usage),
            "S.yaml line 2: unknown option tpo_k: did you mean top_k?");
  EXPECT_EQ(complaint("grid: {top_k: {a: 1}}"), "S.yaml line 1: a list of values is expected for top_k");
  EXPECT_EQ(complaint("prompts: {a: b}"), "S.yaml line 1: a list is expected");
  EXPECT_EQ(complaint("a\xFF"), "S.yaml is not UTF-8: byte 1 (0xff) is part of no character; convert it first");
}

}  // namespace
}  // namespace decant
