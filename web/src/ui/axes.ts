// The two scales of a step: logits, which have no zero of their own and begin at a round number below the lowest, and
// probabilities, linear from 0 or logarithmic.

import { scaleLinear, scaleLog } from "d3-scale";
import type { Picture } from "../picture.ts";
import type { Scale } from "../state.ts";
import { fixed } from "../format.ts";

export interface Axis {
  readonly at: (value: number) => number; // 0 to 1, from the axis' beginning
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

export function logitAxis({ rows }: Picture, count: number): Axis {
  const values = rows.map(({ logit }) => logit).filter(Number.isFinite);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low || 1) * 0.08;
  const scale = scaleLinear([low - room, high], [0, 1]).nice(count).clamp(true);
  const digits = high - low < 1 ? 2 : high - low < count ? 1 : 0;
  return {
    at: (value) => (Number.isFinite(value) ? scale(value) : 0),
    ticks: atMost(scale.ticks(count), count).map((tick) => ({ at: scale(tick), label: fixed(tick, digits) })),
  };
}

export function probabilityAxis({ rows }: Picture, kind: Scale, count: number): Axis {
  return probabilityScale(rows.flatMap(({ cell, other }) => [cell?.p ?? 0, other?.p ?? 0]), kind, count);
}

export function probabilityScale(values: readonly number[], kind: Scale, count: number): Axis {
  if (kind === "log") return logAxis(values.filter((p) => p > 0), count);
  const scale = scaleLinear([0, Math.max(...values, 1e-9)], [0, 1]).nice(count);
  return { at: scale, ticks: scale.ticks(count).map((tick) => ({ at: scale(tick), label: String(tick) })) };
}

// Every second, third, ... so that no label covers another.
function atMost(ticks: readonly number[], count: number): number[] {
  const every = Math.ceil(ticks.length / count);
  return ticks.filter((_, i) => i % every === 0);
}

function logAxis(values: readonly number[], count: number): Axis {
  const lowest = Math.max(1e-12, Math.min(...values, 0.1));
  const first = Math.floor(Math.log10(lowest * 0.999));
  const scale = scaleLog([10 ** first, 1], [0, 1]).clamp(true);
  const every = Math.ceil(-first / Math.min(count, 4));
  const powers = Array.from({ length: 1 - first }, (_, i) => -i).filter((power) => power % every === 0);
  return {
    at: (p) => (p > 0 ? scale(p) : 0),
    ticks: powers.map((power) => ({ at: scale(10 ** power), label: power === 0 ? "1" : power > -4 ? String(10 ** power).slice(0, 5) : `1e${power}` })),
  };
}
