// What contrastive decoding would have preferred without its plausibility mask.

import type { ContrastiveDecoding, Opponents } from "../data/contrast.ts";

export interface Outcome {
  readonly free: Opponents; // the highest contrast of all
  readonly kept: Opponents | null; // the highest score among those that the mask left
}

// The likelier one of equals, as in the run; null where no contrast is recorded.
export function outcome({ candidates }: ContrastiveDecoding): Outcome | null {
  const likelier = [...candidates].sort((a, b) => b.expert - a.expert);
  const free = best(likelier, ({ contrast }) => contrast);
  return free && { free, kept: best(likelier, ({ score }) => score ?? NaN) };
}

function best(candidates: readonly Opponents[], value: (each: Opponents) => number): Opponents | null {
  let found: Opponents | null = null;
  for (const each of candidates) if (value(each) > (found ? value(found) : -Infinity)) found = each;
  return found;
}
