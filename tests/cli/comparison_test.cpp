#include "cli/comparison.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace decant {
namespace {

CellResult cell(std::vector<Token> ids, std::vector<std::string> pieces) {
  CellResult result;
  result.metrics = measure(ids);
  result.ids = std::move(ids);
  result.pieces = std::move(pieces);
  return result;
}

// "a b " is common; the texts are "a b c d" and "a b x a b".
Comparison two() {
  Comparison comparison;
  comparison.model = "m";
  comparison.ngram = 2;
  for (const char* label : {"one", "two|<b>"}) comparison.columns.push_back({label, {}, {}, &strategy("greedy")});
  ComparedPrompt prompt{"say <it>"};
  prompt.cells = {cell({1, 2, 3, 4}, {"a ", "b ", "c ", "d"}), cell({1, 2, 5, 1, 2}, {"a ", "b ", "x ", "a ", "b"})};
  prompt.common = common_beginning(prompt.cells);
  comparison.prompts.push_back(prompt);
  return comparison;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

TEST(Comparison, TheCommonBeginning) {
  const Comparison comparison = two();
  EXPECT_EQ(comparison.prompts[0].common, 2);
  EXPECT_EQ(common_text(comparison.prompts[0]), "a b ");
  EXPECT_EQ(common_beginning({cell({1}, {"a"})}), 0);  // nothing to have it in common with
  EXPECT_EQ(common_beginning({cell({1, 2}, {"a", "b"}), cell({1}, {"a"})}), 1);
  EXPECT_EQ(common_beginning({cell({}, {}), cell({1}, {"a"})}), 0);
}

TEST(Comparison, TheCommonBeginningEndsWithACharacter) {
  // \xF0\x9F\x8C is the beginning of two different ones.
  EXPECT_EQ(common_beginning(
                {cell({1, 2, 3}, {"a", "\xF0\x9F\x8C", "\x8A"}), cell({1, 2, 4}, {"a", "\xF0\x9F\x8C", "\x8B"})}),
            1);
}

TEST(Comparison, WhatWasCutIsNotCommon) {
  EXPECT_EQ(common_beginning({cell({1, 2}, {"a", "b"}), cell({1, 2}, {"a", ""})}), 1);
}

TEST(Comparison, AFailureHasNothingToDoWithTheOthers) {
  CellResult failed;
  failed.error = std::make_exception_ptr(std::runtime_error("broken"));
  EXPECT_EQ(common_beginning({failed, cell({1, 2}, {"a", "b"}), cell({1, 2}, {"a", "b"})}), 2);
  Comparison comparison = two();
  comparison.prompts[0].cells[0] = failed;
  EXPECT_NE(comparison_text(comparison, Style(false), false, 80).find("failed: broken"), std::string::npos);
  EXPECT_NE(comparison_json(comparison).find(R"({"label":"one","error":"broken"})"), std::string::npos);
  EXPECT_NE(comparison_markdown(comparison).find("| one | failed: broken |"), std::string::npos);
}

TEST(Comparison, Marks) {
  const Comparison comparison = two();
  const auto pieces = marked_text(comparison, comparison.prompts[0], comparison.prompts[0].cells[1]);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].text, "x ");
  EXPECT_TRUE(pieces[0].parts);
  EXPECT_FALSE(pieces[0].repeated);
  EXPECT_FALSE(pieces[1].parts);
  EXPECT_TRUE(pieces[1].repeated && pieces[2].repeated);  // a b stood before, in the common beginning
}

TEST(Comparison, InATerminal) {
  const auto lines = lines_of(comparison_text(two(), Style(false), false, 70));
  EXPECT_EQ(lines[0], "prompt          say <it>");
  EXPECT_EQ(lines[2], "all begin       a b");
  EXPECT_EQ(lines[4], "                one                       │ two|<b>");
  EXPECT_EQ(lines[6], "                [c ]d                     │ [x ]⟨a b⟩");
  for (const std::string& line : lines) EXPECT_LE(columns(line), 70) << line;
  const std::string coloured = comparison_text(two(), Style(true), true, 70);
  EXPECT_NE(coloured.find("\033[1;34mx\033[0m \033[4ma b\033[0m"), std::string::npos);
}

TEST(Comparison, ColumnsThatDoNotFitStandBelow) {
  Comparison comparison = two();
  for (int i = 0; i < 3; ++i) {
    comparison.columns.push_back(comparison.columns[0]);
    comparison.prompts[0].cells.push_back(comparison.prompts[0].cells[0]);
  }
  const std::string text = comparison_text(comparison, Style(false), false, 64);
  for (const std::string& line : lines_of(text)) EXPECT_LE(columns(line), 64) << line;
  EXPECT_EQ(std::count(text.begin(), text.end(), '['), 5 + 1);  // each once, and the legend
}

TEST(Comparison, MarkdownEscapes) {
  const std::string markdown = comparison_markdown(two());
  EXPECT_NE(markdown.find("## say &lt;it&gt;\n"), std::string::npos);
  EXPECT_NE(markdown.find("| two\\|&lt;b&gt; | a b <b>x </b><mark>a b</mark> |\n"), std::string::npos);
}

TEST(Comparison, JsonHasWhatThePageShows) {
  Comparison comparison = two();
  comparison.prompts[0].cells[0].pieces = {"a ", "b ", "\xF0\x9F",
                                           "\x8C\x8A\xE2"};  // a character of two tokens, half a one
  const auto json = nlohmann::json::parse(comparison_json(comparison));
  EXPECT_EQ(json["ngram"], 2);
  ASSERT_EQ(json["metrics"].size(), metrics().size());
  EXPECT_EQ(json["metrics"][1]["label"], "ln p a token");
  const auto& texts = json["prompts"][0]["texts"];
  EXPECT_EQ(texts[0]["pieces"], (nlohmann::json{"a ", "b ", "", "\xF0\x9F\x8C\x8A\xEF\xBF\xBD"}));
  EXPECT_EQ(texts[0]["repeated"], nlohmann::json::array());
  EXPECT_EQ(texts[1]["repeated"], (nlohmann::json{{3, 5}}));
  for (const auto& text : texts) {
    std::string joined;
    for (const std::string piece : text["pieces"]) joined += piece;
    EXPECT_EQ(joined, text["text"]);
  }
}

TEST(Comparison, Means) {
  Comparison comparison = two();
  comparison.prompts.push_back(comparison.prompts[0]);
  comparison.prompts[1].cells[0] = cell({1, 1}, {"a", "a"});
  EXPECT_DOUBLE_EQ(column_means(comparison)[0].tokens, 3);
  EXPECT_DOUBLE_EQ(column_means(comparison)[1].tokens, 5);
}

}  // namespace
}  // namespace decant
