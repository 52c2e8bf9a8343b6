// The texts on the edges, of what was pruned, and the ranks at the ends of what ended.

import { memo } from "../../memo.tsx";
import type { Branch } from "../../data/search.ts";
import { spelled } from "../../data/spelling.ts";
import { fixed } from "../../format.ts";
import { bend, stubEnd, type Stub } from "../../tree/drawing.ts";
import { badge, character, edgeText, shortChance } from "../../tree/edge_text.ts";
import { xOf, type Grid } from "../../tree/grid.ts";
import type { Layout } from "../../tree/layout.ts";
import type { Ranked } from "../../tree/ranking.ts";
import { signPath } from "../../tree/signs.ts";
import type { Standing } from "../../tree/standing.ts";

const fewest = 5; // characters that are worth a cut

export const EdgeTexts = memo(
  (props: { layout: Layout; grid: Grid; winner: ReadonlySet<Branch>; standing: (branch: Branch) => Standing; ended: ReadonlySet<Branch> }) => {
    const { layout, grid, winner, standing, ended } = props;
    return (
      <>
        {layout.straights.map((straight) => {
          const { branches, row, from } = straight;
          const first = branches[0]!;
          const indent = row === from ? 3 : bend(grid) - 4;
          const left = xOf(grid, first.depth - 1) + indent;
          const width = xOf(grid, branches.at(-1)!.depth) - left - (ended.has(branches.at(-1)!) ? badge : 0);
          const text = edgeText(straight, ended).slice(0, width);
          const p = grid.ends === null ? "" : shortChance(first);
          if (text.trim() === "" || width < character * Math.min(fewest, text.trim().length)) return null;
          return (
            <bdi
              dir="ltr"
              data-cut={grid.ends === null || undefined}
              class={`edge-text ${winner.has(first) ? "winning" : standing(first)}`}
              style={{ left: `${left}px`, top: `${row * grid.row}px`, width: `${width}px` }}
            >
              {text}
              {p !== "" && <small class="num"> {p}</small>}
            </bdi>
          );
        })}
      </>
    );
  },
);

type StubTextsProps = { stubs: readonly Stub[]; layout: Layout; grid: Grid; ended: ReadonlySet<Branch> };

export const StubTexts = memo(({ stubs, layout, grid, ended }: StubTextsProps) => (
  <>
    {stubs.map((stub) => {
      const { x, y } = stubEnd(grid, stub);
      const signs = [...new Set(stub.pruned.map(({ reason }) => reason))].filter((reason) => reason !== null && signPath(reason));
      const left = x + 3 + 9 * Math.min(2, signs.length);
      const depth = (stub.parent?.depth ?? 0) + 1;
      const above = layout.at(stub.row, depth);
      const width = xOf(grid, depth) - left - (above && ended.has(above) ? badge : 0);
      const more = stub.pruned.length - 1;
      return (
        <span class="stub-text" style={{ left: `${left}px`, top: `${y - 7}px`, width: `${width}px` }}>
          <bdi data-cut>{spelled(stub.pruned[0]!.token, 24).replaceAll("␣", " ").trimStart()}</bdi>
          {more > 0 && <span>+{more}</span>}
        </span>
      );
    })}
  </>
));

export const Ends = memo(({ ranking, layout, grid }: { ranking: readonly Ranked[]; layout: Layout; grid: Grid }) => (
  <>
    {ranking.map(({ ended, normalized }, rank) => {
      const row = layout.row.get(ended.end);
      if (row === undefined) return null;
      const kind = `${ended.sequence === null ? "" : " returned"}${rank === 0 ? " winning" : ""}${ended.finish === "stop" ? "" : " cut-off"}`;
      const free = columns(grid, 60).every((i) => layout.at(row, ended.end.depth + i) === null);
      return (
        <span class={`end${kind}`} style={{ left: `${xOf(grid, ended.end.depth) - 19}px`, top: `${row * grid.row + grid.line - 9}px` }}>
          <b>{rank + 1}</b>
          {grid.texts && free && <span class="num">{fixed(normalized, 2)}</span>}
        </span>
      );
    })}
  </>
));

// The next columns, as many as there are in so many pixels.
function columns(grid: Grid, pixels: number): number[] {
  return Array.from({ length: Math.ceil(pixels / grid.column) }, (_, i) => i + 1);
}
