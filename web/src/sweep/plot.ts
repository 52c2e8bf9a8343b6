// Where the points of a plot stand, and what it says in words.

import { scaleLinear, type ScaleLinear } from "d3-scale";
import { fixed } from "../format.ts";

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[]; // for each x; null: there is none
}

const much = 20; // times the smallest number, from which on an axis is logarithmic

// From 0 to 1: numbers by their value, words evenly.
export function positions(labels: readonly string[]): number[] {
  const numbers = labels.map((label) => (label.trim() === "" ? NaN : Number(label)));
  const known = numbers.every(Number.isFinite) ? numbers : labels.map((_, i) => i);
  const logarithmic = Math.min(...known) > 0 && Math.max(...known) / Math.min(...known) >= much;
  const at = logarithmic ? known.map(Math.log) : known;
  const [low, high] = [Math.min(...at), Math.max(...at)];
  return at.map((each) => (high > low ? (each - low) / (high - low) : 0.5));
}

// Round numbers around the values; with `zero` from 0 on. What does not vary is no cliff: it stands in the middle.
export function valueScale(lines: readonly Line[], zero: boolean, decimals: number): { scale: ScaleLinear<number, number>; ticks: number[] } {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
  if (zero || values.length === 0) values.push(0);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low < 1e-9 * Math.max(1, Math.abs(high))) {
    const around = decimals === 0 ? 1 : 0.5;
    high += around;
    if (low >= around || low < 0) low -= around;
  }
  const scale = scaleLinear([low, high], [0, 1]).nice(5);
  return { scale, ticks: scale.ticks(5).filter((tick) => decimals > 0 || Number.isInteger(tick)) };
}

// Decimals that tell each tick from the next.
export function digitsOf(ticks: readonly number[]): number {
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  return Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
}

// The labels along x that do not cover each other, each as wide as its characters.
export function shownLabels(labels: readonly string[], x: readonly number[]): number[] {
  const shown: number[] = [];
  let end = -Infinity;
  const order = labels.map((_, i) => i).sort((a, b) => x[a]! - x[b]!);
  for (const i of order) {
    const half = 4 * labels[i]!.length;
    if (x[i]! - half < end + 8) continue;
    end = x[i]! + half;
    shown.push(i);
  }
  return shown;
}

// The numbers in words, for those who do not see the drawing.
export function description(doc: string, labels: readonly string[], lines: readonly Line[], decimals: number): string {
  const one = (value: number | null, i: number) => `${value === null ? "none" : fixed(value, decimals)} at ${labels[i]}`;
  const sentences = lines.map(({ label, values }) => `${label === "" ? "" : `${label}: `}${values.map(one).join(", ")}.`);
  return [`${doc}.`, ...sentences].join(" ");
}
