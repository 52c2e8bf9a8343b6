// What the same noise would have drawn under other settings, over a whole text: each step with the text as it was.

import type { Decision } from "../data/record.ts";
import type { Token } from "../data/token.ts";
import { noise } from "./noise.ts";
import { replay } from "./replay.ts";
import type { Settings } from "./settings.ts";
import { BeyondTrace } from "./survivors.ts";

export interface Rewritten {
  readonly index: number; // of the step
  readonly token: Token | null; // that would stand there; null: the record lists too few to know
}

// The winner of the race; null where a token that is not listed might be.
export function winner(decision: Decision, settings: Settings, seed: number, least: number): Token | null {
  const { top, t, seq } = decision;
  try {
    const { outcomes, kept } = replay(decision, settings, least);
    let best = -Infinity;
    let first: Token | null = null;
    let listed = 0;
    outcomes.forEach(({ p }, i) => {
      if (!(p > 0)) return;
      ++listed;
      const sum = Math.log(p) + noise({ seed, sequence: seq, position: t }, top[i]!.id);
      if (sum > best) [best, first] = [sum, top[i]!];
    });
    return kept > listed ? null : first;
  } catch (error) {
    if (error instanceof BeyondTrace) return null;
    throw error;
  }
}

// The steps at which another token would stand, or at which that is not known.
export function rewrite(decisions: Iterable<Decision>, settings: Settings, seed: number, least: number): Rewritten[] {
  const found: Rewritten[] = [];
  let index = 0;
  for (const decision of decisions) {
    if (decision.race !== null) {
      const token = winner(decision, settings, seed, least);
      if (token === null || token.id !== decision.token.id) found.push({ index, token });
    }
    ++index;
  }
  return found;
}
