#include "cli/inspect_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/utf8.h"
#include "support/table_model.h"

namespace decant {
namespace {

using testing::TableVocab;
using Lines = std::vector<std::string>;

constexpr float gone = -std::numeric_limits<float>::infinity();

Lines lines_of(const std::string& text) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      i = text.find('m', i);
    } else {
      plain += text[i];
    }
  }
  return plain;
}

InspectView view_of(const Vocab& vocab, bool color = false, int rows = 24, int width = 80) {
  return {vocab, Style(color), rows, width};
}

const TableVocab& plain_vocab() {
  static const TableVocab vocab({" one", " two", " three", " four", " five", "<end>"}, {5});
  return vocab;
}

// Three tokens kept of six, the likeliest of them chosen.
Decision three_kept() {
  Decision decision;
  decision.position = 7;
  decision.token = 2;
  decision.logit = 4;
  decision.p_raw = .4;
  decision.p = .5;
  decision.rank = 1;
  decision.race = {{2, std::log(.5), 1.5}, {5, std::log(.2), 1.75}, {0, std::log(.3), -.5}};
  decision.logsumexp = 5;
  decision.tail_mass = .01;
  decision.entropy = 1.5;
  decision.entropy_raw = 2.25;
  decision.kept = 3;
  decision.stages = {{"temperature", 6, 0}, {"top_k", 4, .0625}, {"top_p", 3, .05}};
  decision.top = {{2, 4, 4, 4, .5, {}},          {0, 3, 3, 3, .3, {}},
                  {5, 2, 2, 2, .2, {}},          {1, 1.5f, 1.5f, gone, 0, "top_p"},
                  {3, -1, -1, gone, 0, "top_k"}, {4, gone, gone, gone, 0, "top_k"}};
  return decision;
}

TEST(ShowStep, SaysWhatWasMadeOfTheDistribution) {
  const Lines lines = lines_of(show_step(three_kept(), "Count: zero", view_of(plain_vocab())));
  ASSERT_EQ(lines.size(), 12u);
  EXPECT_EQ(lines[0], fit("Count: zero▮", 69) + " position 7");
  EXPECT_EQ(lines[1], "entropy 1.50 bits (model 2.25) · kept 3 of 6");
  EXPECT_EQ(lines[2], "  draw -0.69 + 1.50 = 0.81 against -1.61 + 1.75 = 0.14");
  EXPECT_EQ(lines[3], "temperature · top_k keeps 4, cuts 6.25% · top_p keeps 3, cuts 5.00%");
  EXPECT_TRUE(lines[5].starts_with("   4.000 ████████████ > \" three\" ")) << lines[5];
  EXPECT_TRUE(lines[5].ends_with("   50.00% ██████████████████████████")) << lines[5];
  EXPECT_TRUE(lines[6].find("   \" one\" ") != std::string::npos && lines[6].find("30.00%") != std::string::npos)
      << lines[6];
  EXPECT_NE(lines[7].find("\"<end>\""), std::string::npos) << lines[7];  // adds no text, but has a name
  EXPECT_NE(lines[8].find("- 3 kept above -"), std::string::npos) << lines[8];
  EXPECT_TRUE(lines[9].ends_with(" cut by top_p") && lines[9].find(" x \" two\"") != std::string::npos) << lines[9];
  EXPECT_TRUE(lines[10].ends_with(" cut by top_k")) << lines[10];
  EXPECT_TRUE(lines[11].starts_with("    -inf ")) << lines[11];
}

TEST(ShowStep, FewerRowsThanTokens) {
  Decision decision = three_kept();
  decision.token = 5;  // the third
  const std::string text = show_step(decision, "", view_of(plain_vocab(), false, 1));
  EXPECT_NE(text.find(" three"), text.npos);
  EXPECT_EQ(text.find(" one"), text.npos);
  EXPECT_NE(text.find(" > \"<end>\""), text.npos);  // the chosen one is always shown
  EXPECT_TRUE(text.ends_with("and 1 more with 30.00% together\n")) << text;
  EXPECT_EQ(text.find("cut by"), text.npos);
}

// A token behind the end of the list, as sampling without a cut may choose it.
TEST(ShowStep, AChosenTokenThatIsNotListed) {
  Decision decision = three_kept();
  decision.top.resize(2);
  decision.token = 4;
  decision.logit = -7.5;
  decision.p = 1e-6;
  decision.kept = 6;
  const std::string text = show_step(decision, "", view_of(plain_vocab()));
  EXPECT_TRUE(std::regex_search(text, std::regex("  -7\\.500 .* > \" five\" +1e-06 ▏\n"))) << text;
  EXPECT_TRUE(text.ends_with("and 3 more with 20.00% together\n")) << text;
}

TEST(ShowStep, AChosenTokenThatWasCut) {
  Decision decision = three_kept();
  decision.token = 3;
  decision.p = 0;
  const std::string text = show_step(decision, "", view_of(plain_vocab()));
  EXPECT_TRUE(std::regex_search(text, std::regex(" > \" four\" +cut by top_k\n"))) << text;
}

TEST(ShowStep, NothingIsMissingWhereThereIsNothing) {
  Decision decision = three_kept();
  decision.race.clear();
  decision.stages.clear();
  EXPECT_NE(show_step(decision, "", view_of(plain_vocab())).find("kept 3 of 6\nno processor\n"), std::string::npos);
  decision.stages = {{"top_k", 4, 0}};  // what it cut had no mass
  EXPECT_NE(show_step(decision, "", view_of(plain_vocab())).find("\ntop_k keeps 4, cuts 0%\n"), std::string::npos);
  decision.top.resize(3);
  decision.kept = 5;  // two more without mass
  decision.top[0].p = .5;
  EXPECT_TRUE(show_step(decision, "", view_of(plain_vocab())).ends_with("and 2 more with 0% together\n"));
}

TEST(ShowSteps, OneWingForEachSetting) {
  const Decision first = three_kept();
  Decision second = three_kept();
  second.token = 0;
  second.kept = 1;
  second.stages = {{"top_k", 1, .5}};
  second.top = {{0, 3, 3, 3, 1, {}}, {2, 4, 4, gone, 0, "top_k"}};
  const Decision* both[] = {&first, &second};
  const std::string labels[] = {"mild", "top_k=1"};
  const std::string text = show_steps(both, labels, "Count: zero", view_of(plain_vocab()));
  const Lines lines = lines_of(text);
  EXPECT_EQ(lines[0], fit("Count: zero▮", 69) + " position 7");
  EXPECT_EQ(lines[1], "mild");
  EXPECT_EQ(lines[2], "  entropy 1.50 bits (model 2.25) · kept 3 of 6");
  EXPECT_EQ(lines[3], "  draw -0.69 + 1.50 = 0.81 against -1.61 + 1.75 = 0.14");
  EXPECT_EQ(lines[5], "top_k=1");
  EXPECT_EQ(lines[8], "  top_k keeps 1, cuts 50.00%");
  EXPECT_EQ(lines[9], "   logit    token           mild                       top_k=1");
  EXPECT_TRUE(std::regex_match(lines[10], std::regex("   4\\.000  > \" three\" +> 50\\.00% (█)+ +cut by top_k")))
      << lines[10];
  EXPECT_TRUE(std::regex_match(lines[11], std::regex("   3\\.000    \" one\" +30\\.00% (█)+▊ +>100\\.00% (█)+")))
      << lines[11];
  EXPECT_TRUE(std::regex_match(lines[13], std::regex("   1\\.500  x \" two\" +cut by top_p")))
      << lines[13];  // not listed there
}

TEST(ShowSteps, EachSettingMarksWhatItChooses) {
  const Decision first = three_kept();
  Decision second = three_kept(), unknown = three_kept();
  second.token = 5;
  unknown.token = -1;
  const Decision* all[] = {&first, &second, &unknown};
  const std::string labels[] = {"a", "b", "c"};
  const Lines lines = lines_of(show_steps(all, labels, "", view_of(plain_vocab(), false, 1, 100)));
  const auto marks = [](const std::string& line) { return std::count(line.begin(), line.end(), '>'); };
  EXPECT_EQ(marks(lines[lines.size() - 3]), 2) << lines[lines.size() - 3];  // the row's, and the first wing's
  EXPECT_TRUE(
      std::regex_search(lines[lines.size() - 2],
                        std::regex("^   2\\.000    \"<end>\" +20\\.00% (█)+[^>]* > 20\\.00% (█)+[^>]* 20\\.00%")))
      << lines[lines.size() - 2];  // beyond the rows asked for
  EXPECT_TRUE(lines.back().starts_with("> is what a setting chooses")) << lines.back();
}

TEST(ShowStep, WhatPushedATokenToWhereItWasCutIsNamed) {
  Decision decision = three_kept();
  decision.stages = {{"repetition_penalty", 6, 0}, {"temperature", 6, 0}, {"top_k", 3, .1}};
  for (TraceCandidate& each : decision.top) each.cut_by = each.p > 0 ? "" : "top_k";
  decision.top[3].logit = 3.5;  // before the penalty the second
  decision.stage_scores = {{4, 3, 2, 1, -1, gone}, {8, 6, 4, 2, -2, gone}, {8, 6, 4, gone, gone, gone}};
  const Lines lines = lines_of(show_step(decision, "", view_of(plain_vocab())));
  EXPECT_TRUE(lines[9].ends_with(" repetition_penalty, cut by top_k")) << lines[9];
  EXPECT_TRUE(lines[10].ends_with("  cut by top_k")) << lines[10];  // behind them before, too
}

// ---- hostile tokens, narrow views -----------------------------------------------------------------------------------

const TableVocab& hostile_vocab() {
  static const TableVocab vocab(
      {"灯台守の灯台守の灯台守の灯台守の", std::string(300, 'x'), "\033[31;5mred\033]0;title\a",
       "\xE2\x80\xAE"
       "evil",
       "\r\n\t\b\x7f", "\xE2\x82",
       "\xC2\x9B"
       "2J",
       "🌊🌊🌊🌊🌊🌊🌊🌊🌊🌊🌊", "e\u0301\u0302\u0303", "\"quoted\\\"", "✅⚡⭐☕✨❌❓⏰✅⚡⭐☕✨❌❓⏰", "</script>",
       "<\033[2Jend>", "👩‍👩‍👧‍👦"},
      {12});
  return vocab;
}

Decision hostile() {
  Decision decision;
  decision.position = 123456;
  decision.token = 3;
  decision.p = .05;
  decision.entropy = 12.5;
  decision.entropy_raw = 17.25;
  decision.kept = 123456;
  decision.race = {{3, -3, 45.0625}, {4, -11.5, 2}};
  for (const char* name :
       {"encoder_repetition_penalty", "exponential_decay_length_penalty", "temperature", "epsilon_cutoff"}) {
    decision.stages.push_back({name, 123456 - static_cast<int>(decision.stages.size()), .123456});
  }
  for (Token id = 0; id < 14; ++id) {
    const bool cut = id > 8;
    decision.top.push_back({id,
                            id == 1   ? -12345.678f
                            : id == 2 ? 3e38f
                                      : 5.5f,
                            0, cut ? gone : 1,
                            cut       ? 0
                            : id == 0 ? 1
                                      : 1e-5,
                            cut ? "exponential_decay_length_penalty" : ""});
  }
  return decision;
}

std::vector<std::string> hostile_views(bool color, int width, int rows) {
  const Decision one = hostile();
  std::string before = "A long text. ";
  for (int i = 0; i < 50; ++i) before += "灯台\033[7m\xE2\x80\xAE \xFF";
  const Decision* same[] = {&one, &one, &one, &one, &one};
  const std::string labels[] = {"\033[31mred", std::string(200, 'l'), "灯台守の灯台守の灯台守の灯台守の灯台守の",
                                "a\nb", ""};
  const InspectView view = view_of(hostile_vocab(), color, rows, width);
  std::vector<std::string> views = {show_step(one, before, view), show_step(one, "", view)};
  for (std::size_t n = 1; n <= 5; ++n) {
    views.push_back(show_steps(std::span<const Decision* const>(same).first(n),
                               std::span<const std::string>(labels).first(n), before, view));
  }
  return views;
}

TEST(InspectView, IsNeverWiderThanAskedFor) {
  for (const int width : {30, 36, 40, 59, 60, 61, 72, 80, 100, 133, 200}) {
    for (const std::string& text : hostile_views(false, width, 24)) {
      EXPECT_TRUE(is_valid_utf8(text));
      for (const std::string& line : lines_of(text)) EXPECT_LE(columns(line), width) << line;
    }
  }
}

TEST(InspectView, HostileTextIsInert) {
  for (const std::string& text : hostile_views(false, 80, 24)) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      EXPECT_TRUE(byte == '\n' || (byte >= 0x20 && byte != 0x7F));
      EXPECT_FALSE(byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    }
    EXPECT_EQ(text.find("\xE2\x80\xAE"), text.npos);
    EXPECT_NE(text.find("\\u{1B}"), text.npos);
  }
}

TEST(InspectView, ColourChangesNothingButColour) {
  for (const int width : {60, 80, 133}) {
    for (const int rows : {1, 5, 24}) {
      const auto plain = hostile_views(false, width, rows), colored = hostile_views(true, width, rows);
      for (std::size_t i = 0; i < plain.size(); ++i) {
        EXPECT_NE(colored[i], plain[i]);
        EXPECT_EQ(without_escapes(colored[i]), plain[i]);
        for (const std::string& line : lines_of(colored[i])) {  // no colour reaches the next line
          const std::size_t on = line.rfind("\033[");
          EXPECT_TRUE(on == line.npos || line.substr(on, 4) == "\033[0m") << line;
        }
      }
    }
  }
}

TEST(InspectView, EndsNoLineWithBlanks) {
  for (const std::string& text : hostile_views(false, 80, 24)) {
    for (const std::string& line : lines_of(text)) EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(InspectView, ALongTextShowsItsEndAndTakesNoTime) {
  std::string before;
  for (int i = 0; i < 200000; ++i) before += "灯";
  before += " the end";
  const Lines lines = lines_of(show_step(three_kept(), before, view_of(plain_vocab())));
  EXPECT_TRUE(lines[0].ends_with("灯灯灯 the end▮ position 7") || lines[0].ends_with("灯灯灯 the end▮  position 7"))
      << lines[0];
  EXPECT_TRUE(lines[0].starts_with("…灯")) << lines[0];
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

TEST(WriteStep, HasTheFieldsOfTheIssueAndAScoreForEachProcessor) {
  Decision decision = three_kept();
  decision.top.resize(4);
  decision.stage_scores = {{8, 6, 4, 3}, {8, 6, 4, 3}, {8, 6, 4, gone}};
  JsonWriter json;
  write_step(json, decision, plain_vocab());
  const auto step = nlohmann::ordered_json::parse(json.text());
  const auto keys = [](const nlohmann::ordered_json& object) {
    Lines names;
    for (const auto& item : object.items()) names.push_back(item.key());
    return names;
  };
  EXPECT_EQ(keys(step), (Lines{"t", "token", "kept", "entropy", "entropy_raw", "logsumexp", "tail_mass", "race",
                               "processors", "candidates"}));
  EXPECT_EQ(step["t"], 7);
  EXPECT_EQ(step["token"]["id"], 2);
  EXPECT_EQ(step["kept"], 3);
  EXPECT_EQ(step["entropy"], 1.5);
  ASSERT_EQ(step["race"].size(), 3u);
  EXPECT_EQ(step["race"][0]["id"], 2);
  ASSERT_EQ(step["processors"].size(), 3u);
  EXPECT_EQ(step["processors"][1].dump(), R"({"name":"top_k","kept":4,"removed_mass":0.0625})");
  ASSERT_EQ(step["candidates"].size(), 4u);
  const auto& first = step["candidates"][0];
  EXPECT_EQ(keys(first), (Lines{"id", "bytes", "text", "piece", "logit", "score", "p", "cut_by", "scores"}));
  EXPECT_EQ(first["bytes"], "207468726565");
  EXPECT_EQ(first["text"], " three");
  EXPECT_EQ(first["cut_by"], nullptr);
  EXPECT_EQ(first["scores"].dump(), R"({"temperature":8,"top_k":8,"top_p":8})");
  const auto& cut = step["candidates"][3];
  EXPECT_EQ(cut["score"], nullptr);
  EXPECT_EQ(cut["p"], 0);
  EXPECT_EQ(cut["cut_by"], "top_p");
  EXPECT_EQ(cut["scores"]["top_k"], 3);
  EXPECT_EQ(cut["scores"]["top_p"], nullptr);
  decision.race.clear();
  json.clear();
  write_step(json, decision, plain_vocab());
  EXPECT_EQ(nlohmann::json::parse(json.text())["race"], nullptr);
}

}  // namespace
}  // namespace decant
