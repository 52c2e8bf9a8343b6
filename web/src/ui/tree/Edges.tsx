// The lines of the tree. They are drawn again only when the tree changes, not with the selection.

import { memo } from "../../memo.tsx";
import type { Branch } from "../../data/search.ts";
import { dense, startRow, type Drawing } from "../../tree/drawing.ts";
import { xOf, yOf, type Grid } from "../../tree/grid.ts";
import type { Layout } from "../../tree/layout.ts";
import { groupShape } from "../../tree/signs.ts";

export const Edges = memo((props: { drawn: Drawing; grid: Grid; layout: Layout; width: number; height: number }) => {
  const { drawn, grid, layout, width, height } = props;
  return (
    <svg class="tree-edges" width={width} height={height} aria-hidden="true">
      {drawn.strokes.map(({ look, width: thickness, d }) => (
        <path class={look} d={d} stroke-width={thickness} />
      ))}
      {drawn.winning.map(({ look, width: thickness, d }) => (
        <path class={look} d={d} stroke-width={thickness} />
      ))}
      {forks(layout, grid).map(([group, d]) => (
        <path class={`fork g${group % 6}`} d={d} />
      ))}
      <circle class="prompt-dot" cx={grid.left} cy={yOf(grid, startRow(layout))} r={4} />
    </svg>
  );
});

// Where texts part: a shape that says the group.
function forks(layout: Layout, grid: Grid): [number, string][] {
  const found = new Map<number, string>();
  if (grid.column < dense) return [];
  for (const [branch, row] of layout.row) {
    if (layout.next(branch).length < 2) continue;
    found.set(branch.group, (found.get(branch.group) ?? "") + shape(branch, row, grid));
  }
  return [...found];
}

function shape(branch: Branch, row: number, grid: Grid): string {
  return groupShape(branch.group)(xOf(grid, branch.depth), yOf(grid, row));
}
