// The settings of `decant compare`, from their texts.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/session.h"
#include "options/strategy.h"

namespace decant {

struct Column {
  std::string label;
  GenerationConfig config;
  Strategy strategy = Strategy::greedy;
  Session::Voices voices = Session::Voices::all;
};

// One for each text: options over those of `base`, or the name of a preset. The presets are greedy decoding by the
// `amateur` alone, greedy decoding by the `expert`, `contrastive` decoding with both, and `all` three. No text at all is
// `all` if `base` names an amateur. Throws Error(usage).
std::vector<Column> make_columns(std::span<const std::string> texts, const GenerationConfig& base);

}  // namespace decant
