// What became of a branch: whether it leads to a returned text, to one that only ended, or to none.

import { pathTo, type Branch, type Search } from "../data/search.ts";

export type Standing = "returned" | "ended" | "lost";

export function standings(search: Search): (branch: Branch) => Standing {
  const found = new Map<Branch, Standing>();
  const mark = (end: Branch, standing: Standing) => {
    for (let at: Branch | null = end; at !== null && found.get(at) !== standing; at = at.parent) found.set(at, standing);
  };
  for (const { end, sequence } of search.ended) if (sequence === null) mark(end, "ended");
  for (const { end, sequence } of search.ended) if (sequence !== null) mark(end, "returned");
  return (branch) => found.get(branch) ?? "lost";
}

// The branches on the way to one of the texts that ended.
export function wayTo(end: Branch | null): ReadonlySet<Branch> {
  return new Set(end === null ? [] : pathTo(end));
}
