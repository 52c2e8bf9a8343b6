// From branch to branch with the arrow keys: along the tree to the left and right, through the choices of a step up and
// down, those that were pruned behind what they would have continued.

import type { Branch, Search } from "../data/search.ts";
import type { Layout } from "./layout.ts";

const page = 10;

export function move(search: Search, layout: Layout, from: Branch, key: string, pruned: boolean): Branch | null {
  const at = visibleFrom(layout, from, pruned);
  if (at === null) return layout.next(null)[0] ?? null;
  switch (key) {
    case "ArrowLeft":
      return at.parent ?? at;
    case "ArrowRight":
      return after(layout, at, pruned);
    case "ArrowUp":
      return beside(search, layout, at, -1, pruned);
    case "ArrowDown":
      return beside(search, layout, at, 1, pruned);
    case "Home":
      return repeat(at, Infinity, ({ parent }) => parent);
    case "End":
      return repeat(at, Infinity, (branch) => layout.next(branch)[0] ?? null);
    case "PageUp":
      return repeat(at, page, ({ parent }) => parent);
    case "PageDown":
      return repeat(at, page, (branch) => layout.next(branch)[0] ?? null);
    default:
      return null;
  }
}

// The branch itself, or what it continues where that is the first to be shown.
export function visibleFrom(layout: Layout, from: Branch, pruned: boolean): Branch | null {
  const isShown = (branch: Branch) => layout.row.has(branch) || (pruned && branch.node === null && parentShown(layout, branch));
  for (let at: Branch | null = from; at !== null; at = at.parent) if (isShown(at)) return at;
  return null;
}

// Everything of a step that can be selected, from top to bottom.
export function choices(search: Search, layout: Layout, depth: number, pruned: boolean): Branch[] {
  const height = (branch: Branch) => layout.row.get(branch) ?? layout.from(branch) + 0.5;
  return search.branches
    .filter((branch) => branch.depth === depth && visibleFrom(layout, branch, pruned) === branch)
    .sort((a, b) => height(a) - height(b) || a.rank - b.rank);
}

function parentShown(layout: Layout, { parent }: Branch): boolean {
  return parent === null || layout.row.has(parent);
}

function after(layout: Layout, at: Branch, pruned: boolean): Branch {
  return layout.next(at)[0] ?? (pruned ? at.children.find(({ node }) => node === null) : undefined) ?? at;
}

function beside(search: Search, layout: Layout, at: Branch, by: number, pruned: boolean): Branch {
  const all = choices(search, layout, at.depth, pruned);
  return all[all.indexOf(at) + by] ?? at;
}

function repeat(from: Branch, times: number, step: (branch: Branch) => Branch | null): Branch {
  let at = from;
  for (let i = 0; i < times; ++i) {
    const next = step(at);
    if (next === null) break;
    at = next;
  }
  return at;
}
