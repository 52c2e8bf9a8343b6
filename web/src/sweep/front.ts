// The combinations of a sweep by two of their metrics, and the front: those that no other beats in both.

import type { Metric, Values } from "../data/metrics.ts";

// 1: more is better, -1: less is; 0: neither is by itself.
const directions: Readonly<Record<string, 1 | -1>> = {
  log_likelihood: 1, diversity: 1, distinct_1: 1, distinct_2: 1, distinct_3: 1, tokens_per_second: 1, rep_2: -1, rep_3: -1, rep_4: -1, seconds: -1,
};

export function directionOf({ name }: Metric): 1 | -1 | 0 {
  return directions[name] ?? 0;
}

// Repetition along x, quality along y, where they were measured.
// Of several the first that varies.
export function firstChoice(metrics: readonly Metric[], means: readonly Values[]): { x: number; y: number } {
  const find = (names: readonly string[], otherwise: number) => {
    const known = names.map((wanted) => metrics.findIndex(({ name }) => name === wanted)).filter((i) => i >= 0);
    const found = known.find((i) => varies(metrics[i]!, means.map((values) => values[i] ?? null))) ?? known[0];
    return found ?? Math.min(otherwise, metrics.length - 1);
  };
  return { x: find(["rep_4", "rep_3", "rep_2", "diversity", "distinct_1", "distinct_2"], 0), y: find(["log_likelihood", "distinct_3"], 1) };
}

// Whether values differ by more than what is shown of them.
export function varies({ decimals }: Metric, values: readonly (number | null)[]): boolean {
  const known = values.filter((value) => value !== null);
  return known.length > 1 && Math.max(...known) - Math.min(...known) > 0.6 * 10 ** -decimals;
}

export interface Spot {
  readonly combination: number;
  readonly x: number;
  readonly y: number;
}

export function spots(means: readonly Values[], x: number, y: number): Spot[] {
  return means.flatMap((values, combination) => {
    const [atX, atY] = [values[x], values[y]];
    return atX == null || atY == null ? [] : [{ combination, x: atX, y: atY }];
  });
}

// By rising x. Empty where one of the metrics has no better end.
export function front(all: readonly Spot[], x: 1 | -1 | 0, y: 1 | -1 | 0): Spot[] {
  if (x === 0 || y === 0) return [];
  const beats = (a: Spot, b: Spot) => x * (a.x - b.x) >= 0 && y * (a.y - b.y) >= 0 && (a.x !== b.x || a.y !== b.y);
  return all.filter((spot) => !all.some((other) => beats(other, spot))).sort((a, b) => a.x - b.x || a.y - b.y);
}
