// The texts that ended, ranked by score / length^length_penalty: what another length_penalty would have answered, of the
// texts that this search ended. Texts that lack forced words stand behind those that have them.

import { lacking, type Ended } from "../data/search.ts";
import type { RunHeader } from "../data/trace.ts";

export interface Ranked {
  readonly ended: Ended;
  readonly normalized: number;
}

export const lengthPenalties = { min: -3, max: 3, step: 0.05 };

export function lengthPenaltyOf(header: RunHeader): number {
  const set = header.options.length_penalty;
  return typeof set === "number" ? set : 1;
}

export function normalize(score: number, length: number, lengthPenalty: number): number {
  return score / length ** lengthPenalty;
}

// Best first; of equals the one that the run ranked higher. Null: as the run did.
export function rerank(ended: readonly Ended[], lengthPenalty: number | null): Ranked[] {
  if (lengthPenalty === null) return ended.map((each) => ({ ended: each, normalized: each.normalized }));
  const lacks = lacking(ended);
  return ended
    .map((each) => ({ ended: each, normalized: normalize(each.score, each.length, lengthPenalty) }))
    .sort(
      (a, b) =>
        lacks(a.ended) - lacks(b.ended) || b.normalized - a.normalized || a.ended.rank - b.ended.rank,
    );
}
