#include "strategies/registry.h"

#include "strategies/beam.h"
#include "strategies/constrained_beam.h"
#include "strategies/contrastive_decoding.h"
#include "strategies/contrastive_search.h"
#include "strategies/diverse_beam.h"
#include "strategies/dola.h"
#include "strategies/greedy.h"
#include "strategies/sample.h"

namespace decant {

std::span<const StrategyEntry> strategies() {
  static constexpr StrategyEntry table[] = {
      // in the order of enum Strategy
      {Strategy::greedy, greedy, "the likeliest token, every time"},
      {Strategy::sample, sample, "each token drawn from the distribution that the processors leave"},
      {Strategy::beam, beam, "the best of all continuations of num_beams texts"},
      {Strategy::beam_sample, beam_sample, "continuations of num_beams texts, drawn without replacement"},
      {Strategy::diverse_beam, diverse_beam, "groups of beams that avoid each other's tokens"},
      {Strategy::constrained_beam, constrained_beam, "beams that must come to contain given words"},
      {Strategy::contrastive_search, contrastive_search, "of the top_k likeliest, what is least like the text so far"},
      {Strategy::contrastive_decoding, contrastive_decoding, "what an expert finds likely and an amateur does not"},
      {Strategy::dola, dola, "what the last layer finds likely and an early one does not"},
  };
  return table;
}

const StrategyEntry& entry(Strategy strategy) { return strategies()[static_cast<std::size_t>(strategy)]; }

}  // namespace decant
