// The fate of a branch in words.

import type { Branch, Search } from "../data/search.ts";
import { inert } from "../data/glyphs.ts";
import { spelled } from "../data/spelling.ts";
import { fixed, probability } from "../format.ts";

export interface Reason {
  readonly short: string; // in the legend
  readonly long: string;
}

// Why a branch was pruned; the sign of each is in ui/tree/signs.ts.
export const reasons: Readonly<Record<string, Reason>> = {
  rank: { short: "others were better", long: "others were better" },
  finished: { short: "ended, not among the best", long: "it ended, but was not among the best of its step" },
  "group penalty": { short: "diversity penalty", long: "the diversity penalty cost it its place" },
  "constraint bank": { short: "others further in the forced words", long: "displaced by one that is further in the forced words" },
  "constraint unmet": { short: "ended without the forced words", long: "it ended before the forced words were there" },
  pool: { short: "finished texts are better", long: "it ended, but the finished texts are better" },
};

export function reasonOf(reason: string | null): Reason {
  const words = reason === null ? undefined : Object.hasOwn(reasons, reason) ? reasons[reason] : { short: inert(reason), long: inert(reason) };
  return words ?? { short: "no reason recorded", long: "no reason recorded" };
}

const ends: Readonly<Record<string, string>> = {
  stop: "a stop token or text",
  length: "the length limit",
  time: "the time limit",
  context: "the model's context is full",
};

export function endWords(finish: string): string {
  return Object.hasOwn(ends, finish) ? ends[finish]! : inert(finish);
}

export function fateWords(branch: Branch, search: Search): string {
  const { fate, reason, finish } = branch;
  if (fate === "pruned") return `pruned: ${reasonOf(reason).long}${penaltyWords(branch)}`;
  if (fate === "finished") {
    const ended = `ended${finish ? `: ${endWords(finish)}` : ""}`;
    return reason === null ? ended : `${ended}; ${reason === "pool" ? "other finished texts are better" : reasonOf(reason).long}`;
  }
  const place = branch.lane === null ? "kept" : `kept, place ${branch.lane + 1}`;
  if (branch.children.some(({ node }) => node !== null)) return place;
  const ended = search.ended.some(({ end }) => end === branch);
  if (ended) return `${place}; ended there`;
  return branch.step === search.steps.length - 1
    ? `${place}; still open when the search ended`
    : `${place}; then none of its continuations was among the best`;
}

function penaltyWords({ penalty }: Branch): string {
  return penalty === null ? "" : ` (${fixed(penalty, 2)} subtracted)`;
}

// "“ sea”, probability 0.2100, score −4.31, kept, place 1"
export function branchWords(branch: Branch, search: Search): string {
  const { token, score } = branch;
  const p = chance(branch);
  const likely = Number.isNaN(p) ? "" : `probability ${probability(p)}, `;
  return `“${spelled(token, 40)}”, ${likely}score ${fixed(score, 2)}, ${fateWords(branch, search)}`;
}

// What it adds to the score, without what other groups took off.
export const ownLogP = ({ logP, penalty }: Branch) => logP + (penalty ?? 0);

// Processors may leave scores that are no log-probabilities.
export function chance(branch: Branch): number {
  const logP = ownLogP(branch);
  return logP <= 0 ? Math.exp(logP) : NaN;
}
