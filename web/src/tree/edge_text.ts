// The words on the edges of the tree, and the room that they ask for.

import { plainText } from "../data/plain.ts";
import type { Branch } from "../data/search.ts";
import { isSpecial } from "../data/special.ts";
import type { Wanted } from "./grid.ts";
import type { Layout, Straight } from "./layout.ts";
import { chance } from "./words.ts";

export const character = 8; // pixels, about; bold ones too
export const badge = 22; // pixels, of a rank
const numberWidth = 40; // pixels

// What stands on the edge of a straight; its first blank does where the edge goes straight on.
export function edgeText({ branches, row, from }: Straight, ended: ReadonlySet<Branch>): string {
  const tokens = branches.slice(0, 200).map(({ token }) => token);
  if (ended.has(branches.at(-1)!) && tokens.length === branches.length && isSpecial(tokens.at(-1)!)) tokens.pop();
  return row === from ? plainText(tokens) : plainText(tokens).trimStart();
}

// ".25"
export function shortChance(branch: Branch): string {
  const p = chance(branch);
  return Number.isNaN(p) ? "" : p >= 0.995 ? "1" : p < 0.005 ? "<.01" : p.toFixed(2).slice(1);
}

// The room that the words of the tree ask for, with the probability of each first token behind them.
export function wantedBy(layout: Layout, ended: ReadonlySet<Branch>): Wanted[] {
  return layout.straights.map((straight) => {
    const { branches, row, from } = straight;
    const [first, last] = [branches[0]!, branches.at(-1)!];
    const text = edgeText(straight, ended).trimEnd();
    const indent = (row === from ? 3 : 16) + (ended.has(last) ? badge : 0);
    return { first: first.depth, last: last.depth, pixels: text.length * character + numberWidth + indent };
  });
}
