// The settings of `decant compare` and `decant sweep`, from their texts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.h"
#include "strategies/row.h"

namespace decant {

struct Column {
  std::string label;
  GenerationConfig config;
  Session::Voices voices = Session::Voices::all;
  const StrategyRow* strategy = nullptr;  // set by resolve()
  StrategyFunction recipe = {};           // of the user's own, in its place

  std::string_view strategy_name() const { return recipe ? std::string_view(label) : strategy->name; }
};

// One for each text, "[label:] [preset] [option=value ...]": options over those of `base`, or over a preset. `expert`
// is the base as far as greedy decoding reads it, `amateur` the same for the amateur alone, `contrastive` the base
// itself, which must name an amateur; `all` are those three. Throws Error(usage).
std::vector<Column> parse_columns(std::span<const std::string> texts, const GenerationConfig& base);

// Settles the strategy. `where` the options come from, for messages. Throws Error(usage) for what cannot be carried
// out, or is more than one text.
void resolve(Column& column, std::string_view where);

}  // namespace decant
