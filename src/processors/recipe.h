// Which processors the options ask for, and in which order: that of their rows, or the one that sampler_order names.
#pragma once

#include <memory>
#include <vector>

#include "processors/row.h"

namespace decant {

// The rows of all processors, in the order in which they work (docs/processors.md has it as a list).
std::vector<const ProcessorRow*> processor_rows();

struct Recipe {
  std::vector<std::shared_ptr<const Processor>> processors;
  std::size_t n_edits = 0;  // how many come before temperature and the truncations
};

// Edits, when sampling the warpers, endings. sampler_order moves what has a name there behind all that has none, and
// before the endings; what it does not list is off. Throws Error(usage) for values that cannot be carried out, for
// options that contradict each other, and for options that were given but not listed.
Recipe make_recipe(const GenerationConfig& config, bool sampling, const ChainSetup& setup);

// Throws Error(usage) for processors that cannot work together, with any strategy: two grammars, or mirostat and
// another cut.
void reject_processor_contradictions(const GenerationConfig& config);

}  // namespace decant
