// The tokens that are left while temperature and truncations are replayed: the listed ones by rank, and the rest of the
// vocabulary as weighted points. Scores are float32 and sums double, as in the engine; a truncation re-normalises by
// itself, because probabilities are always those of what is left.

import type { Tail } from "../data/record.ts";

export interface Ranked {
  readonly index: number; // among the listed candidates
  readonly id: number;
  readonly score: number; // float32
  readonly weight: number; // exp(score - origin)
}

export interface Rest {
  readonly count: number;
  readonly weight: number;
  readonly weighted: number; // of (score - origin) exp(score - origin)
  readonly bound: number; // no score of it is higher
}

// A cut would fall among tokens that are not listed, or needs a sum over them that the trace does not have.
export class BeyondTrace extends Error {}

export class Survivors {
  constructor(
    readonly ranked: readonly Ranked[],
    readonly rest: Rest | null, // null: nothing but the listed tokens is left
    readonly origin: number, // the best score before any truncation
  ) {}

  // Listed tokens whose rank among all that are left is certain. They are the first ones.
  get certain(): number {
    const { rest, ranked } = this;
    if (rest === null) return ranked.length;
    const behind = ranked.findIndex(({ score }) => score < rest.bound);
    return behind < 0 ? ranked.length : behind;
  }

  get count(): number {
    return this.ranked.length + (this.rest?.count ?? 0);
  }

  get best(): number {
    return this.ranked[0]?.score ?? -Infinity;
  }

  get total(): number {
    const total = this.ranked.reduce((sum, { weight }) => sum + weight, 0) + (this.rest?.weight ?? 0);
    if (Number.isNaN(total)) throw new BeyondTrace("this trace does not hold what lies behind the listed tokens");
    return total;
  }

  get entropy(): number {
    return Math.log(this.total) + this.origin - this.expected; // nats
  }

  // The mean of the scores under their own probabilities.
  get expected(): number {
    const { origin } = this;
    const weighted = this.ranked.reduce((sum, { score, weight }) => sum + (score - origin) * weight, 0);
    return origin + (weighted + (this.rest?.weighted ?? 0)) / this.total;
  }

  keep(survives: (token: Ranked, rank: number) => boolean): Survivors {
    return new Survivors(this.ranked.filter(survives), null, this.origin);
  }
}

// The best score stays in range however small the temperature is, as in the engine.
export function begin(
  listed: readonly { readonly id: number; readonly base: number }[],
  tail: Tail | "unknown" | null,
  bound: number,
  temperature: number,
): Survivors {
  const divisor = Math.max(Math.fround(temperature), 2 ** -126);
  const alive = listed.map(({ id, base }, index) => ({ index, id, base: Math.fround(base) }));
  const left = alive.filter(({ base }) => base > -Infinity);
  const highest = left.reduce((max, { base }) => Math.max(max, base), -Infinity);
  const shift = Number.isFinite(Math.fround(highest / divisor)) ? 0 : highest;
  const scaled = (base: number) => (divisor === 1 ? base : Math.fround(Math.fround(base - shift) / divisor));
  const best = scaled(highest);
  const ranked = left
    .map(({ index, id, base }) => ({ index, id, score: scaled(base), weight: Math.exp(scaled(base) - best) }))
    .sort((a, b) => b.score - a.score || a.id - b.id);
  if (tail === null) return new Survivors(ranked, null, best);
  if (tail === "unknown") {
    return new Survivors(ranked, { count: Infinity, weight: NaN, weighted: NaN, bound: scaled(bound) }, best);
  }
  const rest = { count: 0, weight: 0, weighted: 0, bound: scaled(bound) };
  tail.logit.forEach((logit, j) => {
    const count = tail.count[j] ?? 0;
    const x = (logit - shift) / divisor - best;
    const weight = count * Math.exp(x);
    rest.count += count;
    rest.weight += weight;
    if (weight > 0) rest.weighted += x * weight;
  });
  rest.count = Math.round(rest.count);
  return new Survivors(ranked, rest.count > 0 ? rest : null, best);
}
