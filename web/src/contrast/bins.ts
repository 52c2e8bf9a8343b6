// The nine steps of the colour scale for the layers of a run.

import { labels, probabilityBin } from "../data/bins.ts";
import type { Dola, Layer } from "../data/contrast.ts";

export type Statistic = "divergence" | "p";

export interface Bins {
  readonly of: (layer: Layer) => number | null; // null: no value
  readonly labels: readonly string[];
}

const steps = 9;

// Divergences have no upper end: geometric from the run's lowest to its highest, at most a hundredfold.
export function binsOf(run: readonly (Dola | null)[], statistic: Statistic): Bins {
  if (statistic === "p") return { of: ({ p }) => (Number.isNaN(p) ? null : probabilityBin(p)), labels: labels.probability };
  const found = run.flatMap((dola) => dola?.layers ?? []).map(({ divergence }) => divergence).filter((x) => x > 0);
  const high = found.reduce((a, b) => Math.max(a, b), 0);
  const low = Math.max(found.reduce((a, b) => Math.min(a, b), Infinity), high / 100);
  if (!(high > low)) return { of: ({ divergence }) => (Number.isNaN(divergence) ? null : 4), labels: [] };
  const bounds = Array.from({ length: steps - 1 }, (_, i) => Number((low * (high / low) ** ((i + 1) / steps)).toPrecision(2)));
  return {
    of: ({ divergence }) => (Number.isNaN(divergence) ? null : bounds.filter((bound) => divergence >= bound).length),
    labels: [`< ${bounds[0]}`, ...bounds.slice(1), `≥ ${bounds.at(-1)}`].map(String),
  };
}
