// Tested by tests/cli/line_plot_test.cpp.
#include "cli/line_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "cli/html_page.h"

namespace decant {
namespace {

constexpr double kWidth = 440, kHeight = 240, kLeft = 56, kRight = 16, kTop = 32, kBottom = 40;
constexpr std::size_t kColours = 6;

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// In [0, 1].
std::vector<double> places(const std::vector<std::string>& x) {
  std::vector<double> at;
  for (const std::string& text : x) {
    if (const auto value = number_of(text)) at.push_back(*value);
  }
  if (at.size() != x.size() || at.empty()) {
    at.resize(x.size());
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<double>(i);
  }
  auto [low, high] = std::minmax_element(at.begin(), at.end());
  if (*low > 0 && *high / *low >= 20)
    std::transform(at.begin(), at.end(), at.begin(), [](double v) { return std::log(v); });
  const double least = *low, span = *high - *low;
  for (double& each : at) each = span > 0 ? (each - least) / span : 0.5;
  return at;
}

struct Scale {
  double low, high;
  double y(double value) const { return kTop + (kHeight - kTop - kBottom) * (1 - (value - low) / (high - low)); }
  static double x(double place) { return kLeft + (kWidth - kLeft - kRight) * (0.04 + 0.92 * place); }
};

std::vector<double> y_ticks(const LinePlot& plot) {
  double low = 0, high = 0;
  bool any = false;
  for (const PlotLine& line : plot.lines) {
    for (const double y : line.y) {
      if (!std::isfinite(y)) continue;
      low = any ? std::min(low, y) : y;
      high = any ? std::max(high, y) : y;
      any = true;
    }
  }
  return ticks(low, high, 5);
}

std::string axes(const LinePlot& plot, const std::vector<double>& at, const std::vector<double>& levels,
                 const Scale& scale) {
  std::string svg;
  const double step = levels[1] - levels[0];
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 6);
  for (const double level : levels) {
    svg += fmt::format(
        "<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.{6}f}</text>\n",
        kLeft, kWidth - kRight, scale.y(level), kLeft - 8, scale.y(level) + 4, level, digits);
  }
  double last = -100;  // labels that would cover each other are left out
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double x = Scale::x(at[i]), half = 4 * static_cast<double>(plot.x[i].size());
    if (std::abs(x - last) < half + 8) continue;
    last = x + half;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x, kHeight - kBottom + 16,
                       html_text(plot.x[i]));
  }
  return svg + fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (kLeft + kWidth - kRight) / 2,
                           kHeight - 6, html_text(plot.x_label));
}

std::string look(std::size_t number) {
  const std::size_t dashes = number / kColours;
  const std::string dash = dashes == 0 ? "" : fmt::format(";stroke-dasharray:{} 3", 8 / dashes + 1);
  return fmt::format("stroke:var(--s{}){}", number % kColours, dash);
}

std::string draw(const LinePlot& plot, std::size_t number, const std::vector<double>& at, const Scale& scale) {
  const PlotLine& line = plot.lines[number];
  std::vector<std::size_t> order;  // from left to right
  for (std::size_t i = 0; i < at.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return at[a] < at[b]; });
  std::string path, dots;
  const double covered =
      static_cast<double>(std::min<std::size_t>(plot.lines.size() - 1 - number, 3));  // shows at the rim
  bool gap = true;
  for (const std::size_t i : order) {
    if (!std::isfinite(line.y[i])) {
      gap = true;
      continue;
    }
    const double x = Scale::x(at[i]), y = scale.y(line.y[i]);
    path += fmt::format("{}{:.1f} {:.1f}", gap ? "M" : "L", x, y);
    gap = false;
    dots += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" style=\"fill:var(--s{})\"><title>{}{}: "
        "{:.{}f}</title></circle>",
        x, y, 3 + covered / 2, number % kColours, line.label.empty() ? "" : html_text(line.label) + ", ",
        html_text(plot.x[i]), line.y[i], plot.decimals);
  }
  return fmt::format("<path class=\"line\" style=\"{};stroke-width:{}\" d=\"{}\"/>{}\n", look(number), 2 + covered,
                     path, dots);
}

// The numbers in words, for those who do not see the drawing.
std::string description(const LinePlot& plot) {
  std::string text = plot.doc + ".";
  for (const PlotLine& line : plot.lines) {
    text += line.label.empty() ? "" : fmt::format(" {}:", line.label);
    for (std::size_t i = 0; i < plot.x.size(); ++i) {
      text +=
          fmt::format("{} {} at {}", i == 0 ? "" : ",",
                      std::isfinite(line.y[i]) ? fmt::format("{:.{}f}", line.y[i], plot.decimals) : "none", plot.x[i]);
    }
    text += ".";
  }
  return text;
}

}  // namespace

std::vector<double> ticks(double low, double high, int most) {
  if (high - low < 1e-9 * std::max(1.0, std::abs(high))) {
    low -= 0.5;
    high += 0.5;
  }
  const double raw = (high - low) / most, power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= raw * (1 - 1e-9)) step = factor * power;
  }
  std::vector<double> levels;
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) levels.push_back(i * step);
  return levels;
}

std::string to_svg(const LinePlot& plot) {
  const std::vector<double> at = places(plot.x), levels = y_ticks(plot);
  const Scale scale{levels.front(), levels.back()};
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title><desc>{}</desc>\n<text x=\"0\" y=\"14\" "
      "style=\"fill:var(--ink)\">{}</text>\n",
      kWidth, kHeight, html_text(plot.title), html_text(description(plot)), html_text(plot.title));
  svg += axes(plot, at, levels, scale);
  for (std::size_t i = 0; i < plot.lines.size(); ++i) svg += draw(plot, i, at, scale);
  return svg + "</svg>\n";
}

std::string plot_key(const std::string& what, std::span<const PlotLine> lines) {
  if (lines.size() == 1 && lines[0].label.empty()) return "";
  std::string html = fmt::format("<p class=\"key\"><span class=\"quiet\">{}</span>", html_text(what));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    html += fmt::format(
        "<span><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\"><path class=\"line\" style=\"{}\" d=\"M0 6L24 "
        "6\"/></svg>{}</span>",
        look(i), html_text(lines[i].label));
  }
  return html + "</p>\n";
}

}  // namespace decant
