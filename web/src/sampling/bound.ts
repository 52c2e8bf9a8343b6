// How high the score of a token that is not listed can be. Listed are the kept tokens by falling probability, then the
// removed ones by falling logit, so a rank is certain down to this bound.

import type { Decision } from "../data/record.ts";

// Processors behind the temperature that do not keep the ranking, and penalties and biases that can raise a score.
const reordering = new Set(["typical_p", "xtc_probability", "adaptive_target", "watermark"]);
const raising = new Set(["guidance_scale", "sequence_bias", "logit_bias", "encoder_repetition_penalty"]);

export function tailBound(decision: Decision): number {
  const { top, stages } = decision;
  const kept = top.filter(({ score }) => score > -Infinity);
  const removed = top.filter(({ score }) => score === -Infinity);
  const keepsRanking = !stages.some(({ name }) => reordering.has(name));
  const byRank = keepsRanking ? lowest(kept.map(({ base }) => base)) : Infinity;
  if (removed.length === 0) return byRank;
  const raised = stages.some(({ name }) => raising.has(name)) || top.some(({ base, logit }) => base > logit);
  const byLogit = raised ? Infinity : lowest(removed.map(({ logit }) => logit));
  return Math.min(byRank, byLogit);
}

function lowest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}
