// What other settings would have made of a recorded step: temperature, top_k, top_p, min_p, typical_p, in this order, on
// the scores that the run's own temperature began with.

import type { Decision, Stage, Tail } from "../data/record.ts";
import { tailBound } from "./bound.ts";
import { minP, topK, topP, typicalP, type Cut } from "./cuts.ts";
import type { Knob, Settings } from "./settings.ts";
import { begin, BeyondTrace, type Survivors } from "./survivors.ts";

export interface Outcome {
  readonly score: number; // -infinity: removed
  readonly p: number;
  readonly cutBy: string | null;
}

export interface Replay {
  readonly outcomes: readonly Outcome[]; // of the listed candidates, in their order
  readonly kept: number;
  readonly entropy: number; // bits
  readonly stages: readonly Stage[];
}

const cuts: readonly [Knob, number, Cut][] = [
  ["top_k", 0, topK],
  ["top_p", 1, topP],
  ["min_p", 0, minP],
  ["typical_p", 1, typicalP],
];

// Throws BeyondTrace where the record does not hold enough to know.
export function replay(decision: Decision, settings: Settings, minTokensToKeep = 1): Replay {
  const { temperature } = settings;
  const start = begin(decision.top, tailOf(decision), tailBound(decision), temperature || 1);
  const scores = new Map(start.ranked.map(({ index, score }) => [index, score]));
  const cutBy = new Map<number, string>();
  const stages: Stage[] = [];
  let tokens = start;
  const pass = (name: string, next: Survivors) => {
    const left = new Set(next.ranked.map(({ index }) => index));
    for (const { index } of tokens.ranked) if (!left.has(index)) cutBy.set(index, name);
    stages.push({ name, kept: next.count, removedMass: removed(tokens, next) });
    tokens = next;
  };
  if (temperature !== 1) pass("temperature", temperature === 0 ? greedy(start) : start);
  for (const [name, off, cut] of temperature === 0 ? [] : cuts) {
    if (settings[name] !== off) pass(name, cut(tokens, settings[name], minTokensToKeep));
  }
  const { total } = tokens;
  const weights = new Map(tokens.ranked.map(({ index, weight }) => [index, weight]));
  const outcomes = decision.top.map((candidate, index): Outcome => {
    const weight = weights.get(index);
    if (weight !== undefined) return { score: scores.get(index)!, p: weight / total, cutBy: null };
    return { score: -Infinity, p: 0, cutBy: cutBy.get(index) ?? candidate.cutBy };
  });
  return { outcomes, kept: tokens.count, entropy: tokens.entropy / Math.LN2, stages };
}

function greedy(tokens: Survivors): Survivors {
  if (tokens.certain < 1) throw new BeyondTrace("the likeliest token may be one that the record does not list");
  return tokens.keep((_, rank) => rank === 0);
}

function tailOf(decision: Decision): Tail | "unknown" | null {
  if (decision.tail !== null) return decision.tail;
  return decision.tailMass > 0 ? "unknown" : null;
}

// Of the probability before. Unknown (NaN) where the trace has no tail: a cut behind which only listed tokens are left
// is exact nevertheless.
function removed(before: Survivors, after: Survivors): number {
  if (after === before) return 0;
  if (Number.isNaN(before.rest?.weight ?? 0)) return NaN;
  return Math.max(0, 1 - after.total / before.total);
}
