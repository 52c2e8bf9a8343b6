#include "cli/line_plot.h"

#include <gtest/gtest.h>

#include <limits>
#include <regex>

#include "cli/html_page.h"

namespace decant {
namespace {

std::vector<double> numbers(const std::string& svg, const std::string& attribute) {
  std::vector<double> found;
  const std::regex pattern(attribute + "=\"([-0-9.]+)\"");
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), pattern); it != std::sregex_iterator(); ++it)
    found.push_back(std::stod((*it)[1]));
  return found;
}

LinePlot plot(std::vector<std::string> x, std::vector<double> y) {
  LinePlot plot;
  plot.title = "rep-4";
  plot.doc = "what it is";
  plot.x_label = "alpha";
  plot.x = std::move(x);
  plot.lines = {{"", std::move(y)}};
  return plot;
}

TEST(LinePlot, Ticks) {
  EXPECT_EQ(ticks(0, 1, 5).size(), 6u);
  EXPECT_EQ(ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(ticks(-5.4, -0.7, 5), (std::vector<double>{-6, -5, -4, -3, -2, -1, 0}));
  EXPECT_EQ(ticks(3, 3, 2).front(), 2.5);
  EXPECT_GE(ticks(0, 0, 5).size(), 2u);
}

TEST(LinePlot, NumbersStandWhereTheyBelong) {
  const auto even = numbers(to_svg(plot({"0.1", "0.5", "0.9"}, {0, 1, 2})), "cx");
  ASSERT_EQ(even.size(), 3u);
  EXPECT_NEAR(even[1] - even[0], even[2] - even[1], 0.2);
  const auto uneven = numbers(to_svg(plot({"1", "2", "5"}, {0, 1, 2})), "cx");
  EXPECT_NEAR((uneven[2] - uneven[1]) / (uneven[1] - uneven[0]), 3, 0.01);
  const auto logarithmic = numbers(to_svg(plot({"1", "10", "100"}, {0, 1, 2})), "cx");
  EXPECT_NEAR(logarithmic[1] - logarithmic[0], logarithmic[2] - logarithmic[1], 0.2);
  const auto words = numbers(to_svg(plot({"low", "18,20", "high"}, {0, 1, 2})), "cx");
  EXPECT_NEAR(words[1] - words[0], words[2] - words[1], 0.2);
}

TEST(LinePlot, HigherIsFurtherUp) {
  const auto y = numbers(to_svg(plot({"1", "2", "3"}, {0, 1, 0.5})), "cy");
  EXPECT_LT(y[1], y[2]);
  EXPECT_LT(y[2], y[0]);
}

TEST(LinePlot, WhatIsNotThereIsAGap) {
  const std::string svg = to_svg(plot({"1", "2", "3"}, {0, std::numeric_limits<double>::quiet_NaN(), 1}));
  EXPECT_EQ(numbers(svg, "cx").size(), 2u);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(std::count(svg.begin(), svg.end(), 'M'), 2);
  EXPECT_NE(svg.find("<desc>what it is. 0.000 at 1, none at 2, 1.000 at 3.</desc>"), std::string::npos);
  const std::string nothing = to_svg(plot({"1"}, {std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_NE(nothing.find("</svg>"), std::string::npos);
}

TEST(LinePlot, LabelsCanDoNothing) {
  LinePlot evil = plot({"<b>"}, {1});
  evil.title = "</title><script>";
  evil.lines[0].label = "\"><script>";
  const std::string svg = to_svg(evil) + plot_key("<k>", evil.lines);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("<b>"), std::string::npos);
  EXPECT_EQ(svg.find("<k>"), std::string::npos);
}

TEST(HtmlPage, TextIsText) {
  EXPECT_EQ(html_text("<a href='x'>&\"\x1b[0m\xFF\n"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;[0m\xEF\xBF\xBD\n");
  const std::string page = html_page("<t>", "body");
  EXPECT_NE(page.find("<title>&lt;t&gt;</title>"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

}  // namespace
}  // namespace decant
