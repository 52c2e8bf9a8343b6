#include "options/help.h"

#include <gtest/gtest.h>

#include "options/generation_config.h"
#include "options/model_options.h"
#include "strategies/row.h"

namespace decant {
namespace {

TEST(Help, ARowIsOneLine) {
  const auto row = [](const char* name) {
    const Field<GenerationConfig>& field = get(generation_fields(), name);
    return help_row(field, default_of(field));
  };
  EXPECT_EQ(row("temperature").flags, "--temp, --temperature X");
  EXPECT_EQ(row("temperature").doc, "divides the logits: below 1 safer, above 1 wilder; 0 is greedy [1]");
  EXPECT_EQ(row("temperature").group, sampling_group);
  EXPECT_EQ(row("max_new_tokens").flags, "-n, --max-new-tokens N");
  EXPECT_EQ(row("strategy").flags, "--strategy NAME");
  EXPECT_EQ(row("early_stopping").flags, "--early-stopping false|true|never");
  EXPECT_EQ(row("stop_token_ids").flags, "--stop-token-ids N,N,...");
  EXPECT_EQ(row("ignore_eos").flags, "--ignore-eos true|false");
  EXPECT_EQ(row("max_length").doc, "at most this many tokens, prompt included; replaces the default of max_new_tokens");
}

TEST(Help, ARowSaysWhetherItIsAdvanced) {
  const std::vector<HelpRow> rows = help_rows(generation_fields());
  std::size_t advanced = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].advanced, generation_fields()[i].advanced) << rows[i].flags;
    advanced += rows[i].advanced;
  }
  EXPECT_GT(advanced, 20u);
  EXPECT_LT(rows.size() - advanced, 40u) << "the short help is short";
}

// What only refines another option is no reason for a line in the short help.
TEST(Help, WhatNeedsAnAdvancedOptionIsAdvanced) {
  const auto table = generation_fields();
  for (const Field<GenerationConfig>& field : table) {
    if (field.needs.empty()) continue;
    const Field<GenerationConfig>* master = find(table, field.needs);
    ASSERT_TRUE(master) << field.name;
    EXPECT_EQ(master->name, field.needs);
    EXPECT_TRUE(field.advanced || !master->advanced) << field.name;
    EXPECT_EQ(field.group, master->group) << field.name;
  }
}

TEST(Help, GroupsRowsInOrder) {
  EXPECT_EQ(
      help_text({{"B", "-x", "first", false}, {"A", "--long N", "second", false}, {"B", "-y", "third", false}}, 80),
      "B:\n"
      "  -x        first\n"
      "  -y        third\n"
      "A:\n"
      "  --long N  second\n");
}

TEST(Help, LinesFitATerminal) {
  std::vector<HelpRow> rows = help_rows(generation_fields());
  for (const HelpRow& row : help_rows(model_fields())) rows.push_back(row);
  for (const std::size_t width : {40u, 60u, 80u, 120u}) {
    const std::string text = help_text(rows, static_cast<int>(width));
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LE(end - begin, width) << text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(Help, ALongTextGoesOnBelowItself) {
  EXPECT_EQ(help_text({{"A", "-x N", "one two three four five six seven eight", false}}, 32),
            "A:\n"
            "  -x N  one two three four five\n"
            "        six seven eight\n");
  EXPECT_EQ(
      help_text({{"A", "--the-longest-of-all-options-here N", "one two three", false}, {"A", "-x", "two", false}}, 44),
      "A:\n"
      "  --the-longest-of-all-options-here N\n"
      "      one two three\n"
      "  -x  two\n");
}

TEST(Help, TheReferenceHasARowForEachOption) {
  const std::string page = reference_text(generation_fields(), readers);
  for (const Field<GenerationConfig>& field : generation_fields()) {
    EXPECT_NE(page.find(fmt::format("\n| `{}` |", field.name)), page.npos) << field.name;
  }
  EXPECT_NE(page.find("\n| `top_p` | `1` | a number greater than 0 and at most 1 | only the most likely tokens that "
                      "together reach this probability; 1 is off | 0.9 to 0.95 to cut the tail where the model is sure "
                      "and keep it where it is not | sample, beam_sample, contrastive_decoding, dola |  |\n"),
            page.npos);
  EXPECT_NE(page.find("| all | `-n`, `--predict`, `--n-predict` |\n"), page.npos);
  EXPECT_NE(page.find("\n## Decoding\n\n| option |"), page.npos);
}

}  // namespace
}  // namespace decant
