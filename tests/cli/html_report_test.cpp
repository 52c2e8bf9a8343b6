#include "cli/html_report.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace decant {
namespace {

std::string inert(std::string_view json) {
  std::string out;
  append_inert(out, json);
  return out;
}

TEST(HtmlReport, WhatCouldEndTheElementIsEscaped) {
  const std::string evil = "[\"</script><!--&amp;\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAE\xE2\x82\xAC\"]";
  EXPECT_EQ(inert(evil), "[\"\\u003c/script\\u003e\\u003c!--\\u0026amp;\\u2028\\u2029\xE2\x80\xAE\xE2\x82\xAC\"]");
  EXPECT_EQ(nlohmann::json::parse(inert(evil)), nlohmann::json::parse(evil));
  EXPECT_EQ(inert(""), "");
  EXPECT_EQ(inert("\xE2"), "\xE2");  // whatever it is
}

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(HtmlReport, PieceByPieceItIsTheSamePage) {
  const std::filesystem::path folder = testing::TempDir();
  HtmlReport kept(folder / "kept.html"), streamed(folder / "streamed.html");
  kept.add("{\"a\":\"<\"}\n");
  kept.add("{}\n");
  kept.write();
  streamed.write([](const HtmlReport::Sink& out) {
    out("{\"a\":\"<\"}\n");
    out("{}\n");
  });
  EXPECT_NE(content(folder / "kept.html").find(">{\"a\":\"\\u003c\"}\n{}\n</script>"), std::string::npos);
  EXPECT_EQ(content(folder / "kept.html"), content(folder / "streamed.html"));
}

TEST(HtmlReport, WhatFailsInTheMiddleLeavesTheOldPage) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "old.html";
  std::ofstream(path) << "old";
  HtmlReport report(path);
  EXPECT_THROW(report.write([](const HtmlReport::Sink& out) {
    out("{");
    throw Error(ErrorKind::data, "damaged");
  }),
               Error);
  EXPECT_EQ(content(path), "old");
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".partial"));
}

}  // namespace
}  // namespace decant
