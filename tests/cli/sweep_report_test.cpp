#include "cli/sweep_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace decant {
namespace {

using nlohmann::json;

const std::string header =
    R"({"sweep":1,"models":[{"name":"m"}],"prompts":{"count":2},"settings":[{"label":""}],"grid":{"top_k":["2","5"]},"points":4})"
    "\n";

std::string result(int index, double rep_2) {
  return json{{"index", index}, {"text", "t"}, {"metrics", {{"rep_2", rep_2}}}}.dump() + "\n";
}

std::vector<json> page_of(const std::string& text) {
  std::istringstream file(text);
  const SweepSummary summary = summarize(file, "s.jsonl");
  std::string data;
  write_page_data(file, "s.jsonl", summary, [&](std::string_view piece) { data += piece; });
  std::vector<json> lines;
  std::istringstream written(data);
  for (std::string line; std::getline(written, line);) lines.push_back(json::parse(line));
  return lines;
}

std::size_t place_of(std::string_view metric) {
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    if (metrics()[i].name == metric) return i;
  }
  return metrics().size();
}

TEST(SweepReport, HeaderSummaryMeansResults) {
  const auto lines = page_of(header + result(0, 0) + result(1, 0.5) + result(2, 1) +
                             R"({"index":3,"error":"<no>"})"
                             "\n");
  ASSERT_EQ(lines.size(), 1u + 1 + 2 + 4);
  EXPECT_EQ(lines[0], json::parse(header));
  const json& summary = lines[1]["summary"];
  EXPECT_EQ(summary["file"], "s.jsonl");
  EXPECT_EQ(summary["results"], 4);
  EXPECT_EQ(summary["failed"], 1);
  ASSERT_EQ(summary["metrics"].size(), metrics().size());
  EXPECT_EQ(summary["metrics"][place_of("rep_2")]["label"], "rep-2");
  EXPECT_EQ(lines[2]["means"][place_of("rep_2")], 0.25);
  EXPECT_EQ(lines[2]["means"][place_of("tokens")], nullptr);
  EXPECT_EQ(lines[3]["means"][place_of("rep_2")], 1);  // of the one that did not fail
  EXPECT_EQ(lines[7]["error"], "<no>");
}

TEST(SweepReport, OfWhatIsThere) {
  const auto lines = page_of(header + result(0, 0) + result(1, 0.5) + result(2, 1) + R"({"index":3,"te)");
  ASSERT_EQ(lines.size(), 1u + 1 + 2 + 3);  // the last line was cut
  EXPECT_EQ(lines[1]["summary"]["results"], 3);
  EXPECT_EQ(page_of(header).size(), 2u);
  std::string endless = header + result(0, 0);  // its last line end was taken from it
  endless.pop_back();
  EXPECT_EQ(page_of(endless)[1]["summary"]["results"], 1);
}

TEST(SweepReport, TextsAreLimitedMeansAreNot) {
  std::string text = header;
  text.replace(text.find("\"points\":4"), 10, "\"points\":3000");
  for (int i = 0; i < 3000; ++i) text += result(i, 0);
  EXPECT_EQ(page_of(text).size(), 2u + 1500 + 1000);
}

TEST(SweepReport, WhatIsNoSweep) {
  for (const std::string& text :
       {std::string(), std::string("{}\n"), std::string("[]\n"), header.substr(0, 40) + "\n", header + "{damaged\n",
        std::string(R"({"sweep":2})"
                    "\n"),
        std::string(R"({"sweep":1,"settings":[],"grid":{},"prompts":{},"points":1})"
                    "\n")}) {
    std::istringstream file(text);
    EXPECT_THROW(summarize(file, "s"), Error) << text;
  }
}

}  // namespace
}  // namespace decant
