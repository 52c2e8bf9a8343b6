// How `decant inspect` shows distributions in a terminal: a butterfly of rows, the raw logit growing to the left of the
// token and the final probability to the right; with several settings, one right wing each.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/style.h"
#include "run/trace.h"

namespace decant {

struct InspectView {
  const Vocab& vocab;
  Style style;
  int rows = 24;   // at most; the chosen token is always shown
  int width = 80;  // columns
};

// One step under one setting.
std::string show_step(const Decision& decision, std::string_view before, const InspectView& view);

// The same step under several: labels[i] belongs to decisions[i]. Rows in the order of the first.
std::string show_steps(std::span<const Decision* const> decisions, std::span<const std::string> labels,
                       std::string_view before, const InspectView& view);

// {"t":..,"kept":..,"entropy":..,...,"candidates":[...]}
void write_step(JsonWriter& json, const Decision& decision, const Vocab& vocab);

}  // namespace decant
