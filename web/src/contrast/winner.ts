// Contrastive search under another penalty_alpha: each candidate's score (1 - alpha) p - alpha similarity is a straight
// line over alpha, so who wins where is the upper edge of a few lines.

import type { ContrastiveSearch } from "../data/contrast.ts";

export interface Line {
  readonly p: number;
  readonly similarity: number;
}

// From alpha `from` to alpha `to` the candidate at `place` wins.
export interface Reign {
  readonly place: number;
  readonly from: number;
  readonly to: number;
}

// At 0 the likeliest wins; at 1 only the penalty counts.
export function scoreAt({ p, similarity }: Line, alpha: number): number {
  return (1 - alpha) * p - alpha * similarity;
}

// Its place among the candidates; the first of equals.
export function winnerAt(lines: readonly Line[], alpha: number): number {
  let best = 0;
  for (let i = 1; i < lines.length; ++i) if (scoreAt(lines[i]!, alpha) > scoreAt(lines[best]!, alpha)) best = i;
  return best;
}

// From 0 to 1 without gaps; those that win nowhere are not in it.
export function reigns(lines: readonly Line[]): Reign[] {
  const found: Reign[] = [];
  const fall = (i: number) => lines[i]!.p + lines[i]!.similarity;
  let place = winnerAt(lines, 0);
  for (let from = 0; from < 1; ) {
    let next = place;
    let to = 1;
    for (let i = 0; i < lines.length; ++i) {
      if (!(fall(i) < fall(place))) continue;
      const crossing = Math.max(from, (lines[place]!.p - lines[i]!.p) / (fall(place) - fall(i)));
      if (crossing < to) [next, to] = [i, crossing];
    }
    if (to > from || next === place) found.push({ place, from, to });
    if (next === place) break;
    [place, from] = [next, to];
  }
  return found;
}

// The candidate that the run took; null if it is not listed.
export function takenPlace({ candidates }: ContrastiveSearch, id: number): number | null {
  const place = candidates.findIndex((each) => each.id === id);
  return place < 0 ? null : place;
}
