// What a whole run says: the four figures of the first screen, and the step to look at first.

import type { Search } from "./search.ts";
import type { Run, Step } from "./trace.ts";

export interface Figures {
  readonly tokens: number;
  readonly tokensPerSecond: number | null; // behind the first moment, so without the prompt
  readonly entropy: number; // bits, mean
  readonly entropyRaw: number;
  readonly kept: number; // mean
}

export function figures(run: Run, sequence: number): Figures {
  const steps = run.sequences[sequence] ?? [];
  return {
    tokens: steps.length,
    tokensPerSecond: speed(run.sequences.flat()),
    entropy: mean(steps, (step) => step.entropy),
    entropyRaw: mean(steps, (step) => step.entropyRaw),
    kept: mean(steps, (step) => step.kept),
  };
}

export interface SearchFigures {
  readonly rate: number | null; // steps a second behind the first
  readonly kept: number; // branches that went on
  readonly ended: number;
  readonly returned: number;
}

export function searchFigures({ steps, branches, ended }: Search): SearchFigures {
  const first = steps[0]?.seconds ?? null;
  const last = steps.at(-1)?.seconds ?? null;
  return {
    rate: first !== null && last !== null && last > first ? (steps.length - 1) / (last - first) : null,
    kept: branches.filter(({ fate }) => fate === "kept").length,
    ended: ended.length,
    returned: ended.filter(({ sequence }) => sequence !== null).length,
  };
}

// With several runs where the first two part, otherwise where the entropy is highest.
export function firstInteresting(runs: readonly Run[]): number {
  const first = runs[0]?.sequences[0] ?? [];
  const second = runs[1]?.sequences[0];
  if (second) {
    const parting = divergence(first, second);
    if (parting !== null && parting < first.length) return parting;
  }
  return first.reduce((best, step, i) => (step.entropy > first[best]!.entropy ? i : best), 0);
}

// The first index at which the texts differ, null if one begins with the other.
export function divergence(a: readonly Step[], b: readonly Step[]): number | null {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; ++i) {
    if (a[i]!.token.id !== b[i]!.token.id) return i;
  }
  return null;
}

function speed(steps: readonly Step[]): number | null {
  const seconds = steps.map((step) => step.seconds).filter((s) => s !== null);
  const first = seconds.reduce((a, b) => Math.min(a, b), Infinity);
  const last = seconds.reduce((a, b) => Math.max(a, b), -Infinity);
  const later = seconds.filter((s) => s > first).length;
  return later > 0 ? later / (last - first) : null;
}

function mean(steps: readonly Step[], value: (step: Step) => number): number {
  return steps.reduce((sum, step) => sum + value(step), 0) / steps.length;
}
