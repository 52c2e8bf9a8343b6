// The combinations of a sweep as places on its axes, and the means over those that share some of them.

import { inert } from "../data/glyphs.ts";
import { mean, type Values } from "../data/metrics.ts";
import type { Axis, Sweep } from "../data/sweep.ts";

export function places(axes: readonly Axis[], combination: number): number[] {
  const found: number[] = [];
  for (let rest = combination, i = axes.length - 1; i >= 0; --i) {
    const { length } = axes[i]!.labels;
    found[i] = i === 0 ? rest : rest % length;
    rest = Math.floor(rest / length);
  }
  return found;
}

// The axes that tell combinations apart, or that there is to name: settings only where there are several, or nothing else.
export function namedAxes(axes: readonly Axis[]): number[] {
  return axes.map((_, i) => i).filter((i) => i > 0 || axes[0]!.labels.length > 1 || axes.length === 1);
}

// "greedy, penalty_alpha=0.1 top_k=2"
export function describe(axes: readonly Axis[], combination: number): string {
  const at = places(axes, combination);
  const setting = axes[0]!.labels[at[0]!] ?? "";
  const options = axes.slice(1).map(({ name, labels }, i) => `${name}=${labels[at[i + 1]!]}`).join(" ");
  return inert([setting, options].filter((part) => part !== "").join(", "));
}

// What is drawn along x, and what has a line each: options with several values, settings behind them. null: nothing has.
export interface Directions {
  readonly x: number;
  readonly lines: number | null;
}

export function directionsOf(axes: readonly Axis[]): Directions {
  const open = axes.map((_, i) => i).filter((i) => i > 0 && axes[i]!.labels.length > 1);
  const settings = axes[0]!.labels.length > 1;
  if (open.length === 0) return { x: settings || axes.length === 1 ? 0 : 1, lines: null };
  return { x: open[0]!, lines: open[1] ?? (settings ? 0 : null) };
}

// Which combinations are wanted: a place on an axis, or null for any.
export type Filter = readonly (number | null)[];

export function matching({ axes, means }: Sweep, filter: Filter): number[] {
  const wanted = (combination: number) => {
    const at = places(axes, combination);
    return filter.every((place, axis) => place === null || place === at[axis]);
  };
  return means.map((_, i) => i).filter(wanted);
}

// By line, by place along x: the means of all combinations there, over everything else.
export function plotted(sweep: Sweep, { x, lines }: Directions): Values[][] {
  const { axes, means, metrics } = sweep;
  const found = (lines === null ? [""] : axes[lines]!.labels).map(() => axes[x]!.labels.map((): Values[] => []));
  means.forEach((values, combination) => {
    const at = places(axes, combination);
    found[lines === null ? 0 : at[lines]!]?.[at[x]!]?.push(values);
  });
  return found.map((line) => line.map((all) => mean(all, metrics.length)));
}
