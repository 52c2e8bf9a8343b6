// The drawing in its frame, which scrolls: edges below, texts above, then what is selected. For the keyboard and for
// screen readers it is a tree of which only the selected item is there at a time.

import type { ComponentChildren, RefObject } from "preact";
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";
import { pathTo, type Branch, type Search } from "../../data/search.ts";
import { boxOf, drawing, edgePath, type Box, type Drawing } from "../../tree/drawing.ts";
import { behind, widthAt, xOf, type Grid } from "../../tree/grid.ts";
import type { Layout } from "../../tree/layout.ts";
import { choices, visibleFrom } from "../../tree/moves.ts";
import { wayTo } from "../../tree/standing.ts";
import type { TreeState } from "../../tree/state.ts";
import { branchWords } from "../../tree/words.ts";
import { BranchTip } from "./BranchTip.tsx";
import { Edges } from "./Edges.tsx";
import { EdgeTexts, Ends, StubTexts } from "./EdgeTexts.tsx";
import { Flag, GreedyWay } from "./Overtaken.tsx";
import { useBranchTip } from "./useBranchTip.ts";
import { useMeasured } from "./useMeasured.ts";

interface Props {
  readonly tree: TreeState;
  readonly search: Search;
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

export function TreeFrame({ tree, search, frame, onKeyDown }: Props) {
  useMeasured(frame, tree.width);
  const focused = useSignal(false);
  const grid = tree.grid.value;
  const layout = tree.layout.value!;
  const pruned = tree.show.value === "all";
  const known = tree.width.value > 0;
  const way = useMemo(() => wayTo(tree.winner.value), [tree.winner.value]);
  const standing = tree.standing.value;
  const drawn = useMemo(
    () => (known ? drawing(search, layout, grid, standing, way, pruned) : null),
    [search, layout, grid, standing, way, pruned, known],
  );
  const tip = useBranchTip(frame, layout, grid, drawn);
  const at = tree.at.value && visibleFrom(layout, tree.at.value, pruned);
  const box = at && boxOf(layout, grid, at);
  useLayoutEffect(() => {
    if (frame.current && box && known) reveal(frame.current, box);
  }, [at, grid, layout, known]);
  return (
    <div
      class="tree-frame"
      ref={frame}
      role="tree"
      tabIndex={0}
      aria-label="Search tree: left and right along a text, up and down among the choices of a step, Enter for their numbers"
      aria-orientation="horizontal"
      aria-activedescendant={at ? "tree-cursor" : undefined}
      onKeyDown={(event) => {
        onKeyDown(event);
        const to = tree.at.value && visibleFrom(layout, tree.at.value, pruned);
        if (event.key.startsWith("Arrow") && to) requestAnimationFrame(() => tip.show(to));
        else if (event.key === "Escape" || event.key === "Enter") tip.hide();
      }}
      onFocus={() => {
        focused.value = true;
        if (at && frame.current!.matches(":focus-visible")) tip.show(at);
      }}
      onBlur={() => {
        focused.value = false;
        tip.hide();
      }}
      onScroll={() => {
        if (!focused.value) tip.hide();
      }}
      onPointerMove={(event) => tip.show(tip.branchUnder(event))}
      onPointerLeave={tip.hide}
      onClick={(event) => {
        const branch = tip.branchUnder(event);
        if (branch) tree.pick(branch);
      }}
    >
      <Axis tree={tree} grid={grid} depth={search.depth} />
      <Canvas tree={tree} search={search} drawn={drawn} way={way} at={at}>
        {at && box && <Cursor search={search} layout={layout} at={at} box={box} pruned={pruned} />}
      </Canvas>
      <BranchTip spot={tip.spot.value} search={search} />
    </div>
  );
}

interface CanvasProps {
  readonly tree: TreeState;
  readonly search: Search;
  readonly drawn: Drawing | null;
  readonly way: ReadonlySet<Branch>; // to the winner
  readonly at: Branch | null;
  readonly children: ComponentChildren;
}

function Canvas({ tree, search, drawn, way, at, children }: CanvasProps) {
  const grid = tree.grid.value;
  const layout = tree.layout.value!;
  const found = tree.overtaking.value;
  const ended = useMemo(() => new Set(search.ended.map(({ end }) => end)), [search]);
  const size = {
    width: Math.max(tree.width.value, xOf(grid, search.depth) + behind),
    height: layout.rows * grid.row + 8,
  };
  return (
    <div class="tree-canvas" style={{ width: `${size.width}px`, height: `${size.height}px` }} role="presentation">
      <Bands layout={layout} grid={grid} groups={search.groups} />
      {at && <div class="tree-step" style={{ left: `${xOf(grid, at.depth - 1)}px`, width: `${widthAt(grid, at.depth)}px` }} />}
      {drawn && (
        <>
          <Edges drawn={drawn} grid={grid} layout={layout} {...size} />
          {found && <GreedyWay found={found} grid={grid} layout={layout} {...size} />}
          {at && <Chain layout={layout} grid={grid} branch={at} {...size} />}
          <div class="tree-texts" aria-hidden="true">
            <EdgeTexts layout={layout} grid={grid} winner={way} standing={tree.standing.value} ended={ended} />
            {grid.texts && <StubTexts stubs={drawn.stubs} layout={layout} grid={grid} ended={ended} />}
            <Ends ranking={tree.ranking.value} layout={layout} grid={grid} />
          </div>
        </>
      )}
      {children}
    </div>
  );
}

function reveal(frame: HTMLElement, box: Box): void {
  const margin = Math.min(96, frame.clientWidth / 4);
  const axis = 24;
  if (box.left < frame.scrollLeft + margin) frame.scrollLeft = box.left - margin;
  else if (box.left + box.width > frame.scrollLeft + frame.clientWidth - margin) frame.scrollLeft = box.left + box.width + margin - frame.clientWidth;
  if (box.top < frame.scrollTop) frame.scrollTop = box.top - 8;
  else if (box.top + box.height + axis > frame.scrollTop + frame.clientHeight) frame.scrollTop = box.top + box.height + axis + 8 - frame.clientHeight;
}

function Cursor(props: { search: Search; layout: Layout; at: Branch; box: Box; pruned: boolean }) {
  const { search, layout, at, box, pruned } = props;
  const all = useMemo(() => choices(search, layout, at.depth, pruned), [search, layout, at.depth, pruned]);
  return (
    <div
      id="tree-cursor"
      class={at.node === null ? "pruned" : ""}
      role="treeitem"
      aria-selected="true"
      aria-level={at.depth}
      aria-posinset={all.indexOf(at) + 1}
      aria-setsize={all.length}
      aria-label={branchWords(at, search)}
      data-branch={at.id}
      style={Object.fromEntries(Object.entries(box).map(([name, value]) => [name, `${value}px`]))}
    />
  );
}

// What the selected branch continues.
function Chain(props: { layout: Layout; grid: Grid; branch: Branch; width: number; height: number }) {
  const { layout, grid, branch, width, height } = props;
  const path = pathTo(branch).filter((each) => layout.row.has(each));
  const d = path.map((each) => edgePath(grid, each.depth, layout.from(each), layout.row.get(each)!, xOf(grid, each.depth)));
  return (
    <svg class="tree-chain" width={width} height={height} aria-hidden="true">
      <path d={d.join("")} />
    </svg>
  );
}

// Steps, counted as in the text.
function Axis({ tree, grid, depth }: { tree: TreeState; grid: Grid; depth: number }) {
  const found = tree.overtaking.value;
  const end = xOf(grid, depth) + behind;
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((n) => n * grid.column >= 32) ?? 1000;
  const ticks = Array.from({ length: depth }, (_, i) => i + 1).filter((n) => n === 1 || n % every === 0);
  return (
    <div class={`tree-axis num${found?.at ? " flagged" : ""}`} aria-hidden="true" style={{ width: `${end}px` }}>
      {ticks.map((n) => (
        <span style={{ left: `${xOf(grid, n - 1)}px`, width: `${Math.max(widthAt(grid, n), 24)}px` }}>{n}</span>
      ))}
      {found && <Flag found={found} grid={grid} end={end} />}
    </div>
  );
}

function Bands({ layout, grid, groups }: { layout: Layout; grid: Grid; groups: number }) {
  if (groups < 2) return null;
  return (
    <>
      {layout.bands.map(({ group, first, last }) => (
        <div class="tree-band" style={{ top: `${first * grid.row}px`, height: `${(last - first + 1) * grid.row}px` }} aria-hidden="true">
          <span>{group + 1}</span>
        </div>
      ))}
    </>
  );
}
