// Greedy's way through the tree, and the place at which the best text gets past it.

import { pathTo, type Search } from "../../data/search.ts";
import { plainText, endOf } from "../../data/plain.ts";
import { fixed } from "../../format.ts";
import { edgePath } from "../../tree/drawing.ts";
import { xOf, yOf, type Grid } from "../../tree/grid.ts";
import type { Layout } from "../../tree/layout.ts";
import type { Overtaking } from "../../tree/overtaking.ts";
import type { TreeState } from "../../tree/state.ts";

interface Props {
  readonly found: Overtaking;
  readonly grid: Grid;
  readonly layout: Layout;
  readonly width: number;
  readonly height: number;
}

export function GreedyWay({ found, grid, layout, width, height }: Props) {
  const way = found.way.filter((branch) => layout.row.has(branch));
  const d = way.map((branch) => edgePath(grid, branch.depth, layout.from(branch), layout.row.get(branch)!, xOf(grid, branch.depth)));
  const row = found.at === null ? undefined : layout.row.get(found.at);
  const x = found.at === null ? 0 : xOf(grid, found.at.depth);
  return (
    <svg class="greedy-way" width={width} height={height} aria-hidden="true">
      <path d={d.join("")} />
      {row !== undefined && <path class="overtakes" d={`M${x} 0V${yOf(grid, row)}`} />}
    </svg>
  );
}

const room = 190; // pixels, of the flag

export function Flag({ found, grid, end }: { found: Overtaking; grid: Grid; end: number }) {
  if (found.at === null) return null;
  const x = xOf(grid, found.at.depth);
  return (
    <b class={x + room > end ? "flag before" : "flag"} style={{ left: `${x}px` }}>
      past greedy, {signed(found.lead)} nats
    </b>
  );
}

// The same in words.
export function OvertakenNote({ tree, search }: { tree: TreeState; search: Search }) {
  const found = tree.overtaking.value;
  const winner = tree.winner.value;
  if (winner === null) return null;
  if (found === null) return <p class="note">The best text is the one that greedy decoding writes.</p>;
  const { way, at, lead, pruned } = found;
  const parting = way.findIndex((branch, i) => pathTo(winner)[i] !== branch);
  const begin = plainText(way.slice(parting, parting + 6).map(({ token }) => token));
  const where = pruned ? `where its way was given up, at step ${way.at(-1)!.step + 1} of ${search.steps.length}` : "at its end";
  return (
    <p class="note overtaken">
      Greedy decoding goes another way from token {parting + 1} on: “<bdi>{begin.trim()}</bdi>{way.length > parting + 6 ? " …" : ""}” (dotted).{" "}
      {at === null
        ? "Its sum of log-probabilities stays ahead; the best text wins by its length."
        : `The best text gets past it at token ${at.depth}, “${endOf([at.token], 20).trim()}”, and is ${fixed(lead, 2)} nats ahead ${where}.`}
    </p>
  );
}

const signed = (nats: number) => `${nats < 0 ? "" : "+"}${fixed(nats, 2)}`;
