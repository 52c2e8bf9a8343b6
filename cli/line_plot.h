// A plot of lines as SVG, drawn without scripts, in the colours of the page around it (html_page).
#pragma once

#include <span>
#include <string>
#include <vector>

namespace decant {

struct PlotLine {
  std::string label;
  std::vector<double> y;  // for each x; NaN: there is none
};

struct LinePlot {
  std::string title, doc, x_label;
  std::vector<std::string>
      x;  // numbers are placed by their value, on a logarithmic axis where they span much; words evenly
  std::vector<PlotLine> lines;
  int decimals = 3;
};

std::string to_svg(const LinePlot& plot);

// Which line is which, as HTML; empty for a single line without a label.
std::string plot_key(const std::string& what, std::span<const PlotLine> lines);

// Round numbers that span [low, high], at most `most` + 1 of them.
std::vector<double> ticks(double low, double high, int most);

}  // namespace decant
