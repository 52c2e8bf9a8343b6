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
  bool raises = false;      // some score may be above 0 though all that are given are log-probabilities
  bool normalizes = false;  // what they leave are log-probabilities whatever they are given
};

// Edits, when sampling the warpers, endings. sampler_order moves what has a name there behind all that has none, and
// before the endings; what it does not list is off. Throws Error(usage) for values that cannot be carried out, for
// options that contradict each other, and for options that were given but not listed.
Recipe make_recipe(const GenerationConfig& config, bool sampling, const ChainSetup& setup);

// Whether the processors that these options ask for may leave a score above 0 where they are given log-probabilities.
bool raises_scores(const GenerationConfig& config);

// Throws Error(usage) for what, at temperature 0, would not be greedy: a processor that may remove the likeliest token,
// or that steers by what is drawn.
void reject_what_temperature_0_is_not(const GenerationConfig& config);

// Whether some processor that these options ask for has a place in sampler_order. `sampling`: warpers work.
bool orders_something(const GenerationConfig& config, bool sampling);

// Throws Error(usage) for options that were set and can change nothing beside the others: the penalties' window without
// a penalty, a threshold that nothing reaches. `sampling`: warpers work.
void reject_idle_processor_options(const GenerationConfig& config, bool sampling);

// Throws Error(usage) for processors that cannot work together, with any strategy: two grammars, or mirostat and
// another cut.
void reject_processor_contradictions(const GenerationConfig& config);

}  // namespace decant
