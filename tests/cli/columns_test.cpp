#include "cli/columns.h"

#include <gtest/gtest.h>

#include "options/setting.h"
#include "options/usage_error.h"

namespace decant {
namespace {

GenerationConfig base(std::string_view text) { return parse_setting(text, {}).config; }

Column one(const std::string& text, const GenerationConfig& config) {
  const std::vector<std::string> texts = {text};
  Column column = parse_columns(texts, config).at(0);
  resolve(column, "");
  return column;
}

TEST(Columns, OptionsOverTheBase) {
  const Column column = one("beams: num_beams=4", base("max_new_tokens=9"));
  EXPECT_EQ(column.label, "beams");
  EXPECT_EQ(column.config.num_beams, 4);
  EXPECT_EQ(column.config.max_new_tokens, 9);
  EXPECT_EQ(column.strategy->name, "beam");
  EXPECT_EQ(one("top_k=3 temperature=0.5", {}).label, "top_k=3 temperature=0.5");
  EXPECT_EQ(one("greedy:", {}).label, "greedy");
}

TEST(Columns, AllThreePresets) {
  const std::vector<std::string> texts = {"all"};
  auto columns = parse_columns(texts, base("amateur=self:15 alpha=0.2 num_beams=2 repetition_penalty=1.1"));
  ASSERT_EQ(columns.size(), 3u);
  for (Column& each : columns) resolve(each, "");
  EXPECT_EQ(columns[0].label, "amateur");
  EXPECT_EQ(columns[0].voices, Session::Voices::amateur_alone);
  EXPECT_EQ(columns[0].config.amateur, "self:15");
  EXPECT_EQ(columns[0].strategy->name, "greedy");
  EXPECT_EQ(columns[1].label, "expert");
  EXPECT_EQ(columns[1].config.amateur, "");
  EXPECT_EQ(columns[1].config.num_beams, 1);
  EXPECT_EQ(columns[1].config.repetition_penalty, 1.1);  // greedy decoding reads it
  EXPECT_EQ(columns[1].strategy->name, "greedy");
  EXPECT_EQ(columns[2].strategy->name, "contrastive_decoding");
  EXPECT_EQ(columns[2].config.num_beams, 2);
}

TEST(Columns, OptionsOverAPreset) {
  const GenerationConfig both = base("amateur=self:15 alpha=0.2");
  const Column beams = one("beams: expert num_beams=4", both);
  EXPECT_EQ(beams.label, "beams");
  EXPECT_EQ(beams.strategy->name, "beam");
  EXPECT_EQ(beams.config.amateur, "");
  const Column weaker = one("amateur num_beams=2", both);
  EXPECT_EQ(weaker.strategy->name, "beam");
  EXPECT_EQ(weaker.voices, Session::Voices::amateur_alone);
  EXPECT_EQ(one("contrastive beta=0.5", both).config.beta, 0.5);
  EXPECT_EQ(one("expert", both).label, "expert");
}

TEST(Columns, BadSettings) {
  const auto complaint = [](const std::string& text, const GenerationConfig& config = {}) {
    return usage_error([&] { one(text, config); });
  };
  EXPECT_EQ(complaint("amateur"),
            "setting 'amateur': the preset amateur needs an amateur: --amateur, a smaller model or self:q4_0");
  EXPECT_NE(complaint("a: nonsense").find("setting 'a: nonsense': "), std::string::npos);
  EXPECT_NE(complaint("a: tpo_k=3").find("did you mean top_k?"), std::string::npos);
  EXPECT_NE(complaint("do_sample=true num_return_sequences=2").find("only a single text"), std::string::npos);
  Column column{"x", base("length_penalty=2")};
  const std::string said = usage_error([&] { resolve(column, "at x"); });
  EXPECT_TRUE(said.starts_with("at x: ") && said.find("length_penalty") != std::string::npos) << said;
}

}  // namespace
}  // namespace decant
