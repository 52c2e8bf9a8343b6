// Where the best text of a search gets past the one that greedy decoding would have written, as far as the trace tells of
// that: of every kept text it has the likeliest continuations, so greedy's way is known until it was pruned or fell out.

import { pathTo, type Branch, type Search } from "../data/search.ts";
import { ownLogP } from "./words.ts";

export interface Overtaking {
  readonly way: readonly Branch[]; // greedy's, from the first token on; the last one may be pruned
  readonly at: Branch | null; // of the best text: the token from which on it stays ahead; null: its sum never is
  readonly lead: number; // nats, where both are known for the last time
  readonly pruned: boolean; // greedy's way came to no end of its own
}

// Null where the best text is greedy's itself, or nothing can be said.
export function overtaking(search: Search, winner: Branch | null): Overtaking | null {
  const best = winner === null ? [] : pathTo(winner);
  const way = greedyWay(search);
  const parting = way.findIndex((branch, i) => best[i] !== branch);
  if (best.length === 0 || parting < 0) return null;
  const known = Math.min(way.length, best.length);
  const ahead = (i: number) => best[i]!.score > way[i]!.score;
  const behind = Array.from({ length: known }, (_, i) => i).findLast((i) => !ahead(i)) ?? -1;
  const last = way.at(-1)!;
  const pruned = last.fate !== "finished" && !search.ended.some(({ end }) => end === last);
  // Whoever is not among a step's candidates is behind those that are.
  const at = behind + 1 < known || pruned ? (best[behind + 1] ?? null) : null;
  return { way, at, lead: best[known - 1]!.score - way[known - 1]!.score, pruned };
}

// The likeliest token after the likeliest; of groups the first one's, which nothing is kept out of.
function greedyWay({ roots }: Search): Branch[] {
  const way: Branch[] = [];
  let choices: readonly Branch[] = roots.filter(({ group }) => group === 0);
  while (choices.length > 0) {
    const next = choices.reduce((best, each) => (ownLogP(each) > ownLogP(best) ? each : best));
    way.push(next);
    choices = next.children;
  }
  return way;
}
