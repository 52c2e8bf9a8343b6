// The tree of a search: what was kept, what ended, what was pruned and why. A text that flows from left to right is one
// edge; the best one is the thick dark line.

import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { samples } from "../../data/options.ts";
import type { Branch, Search } from "../../data/search.ts";
import { counted } from "../../format.ts";
import { narrowest } from "../../tree/grid.ts";
import { move, visibleFrom } from "../../tree/moves.ts";
import { branchTable } from "../../tree/table.ts";
import type { Show, TreeState } from "../../tree/state.ts";
import type { State } from "../../state.ts";
import { CopyButton } from "../CopyButton.tsx";
import { Segmented } from "../Segmented.tsx";
import { Zoom } from "../Zoom.tsx";
import { BranchTable } from "./BranchTable.tsx";
import { Legend } from "./Legend.tsx";
import { OvertakenNote } from "./Overtaken.tsx";
import { TreeFrame } from "./TreeFrame.tsx";

const largest = 240; // pixels a token

const shows: { id: Show; label: string }[] = [
  { id: "all", label: "all" },
  { id: "ended", label: "ended" },
  { id: "returned", label: "returned only" },
];

export function TreePanel({ state, search, onOpen }: { state: State; search: Search; onOpen: () => void }) {
  const { tree } = state;
  const drawn = samples(state.current.value.header);
  const table = useSignal(false);
  const frame = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const pruned = tree.show.value === "all";
    const layout = tree.layout.value!;
    const at = tree.at.value;
    const to = at && move(search, layout, at, event.key, pruned);
    if (to) tree.pick(to);
    else if (event.key === "Enter") {
      const visible = at && visibleFrom(layout, at, pruned);
      if (visible) tree.pick(visible);
      onOpen();
    } else if (event.key === "+" || event.key === "-") zoom(tree, event.key === "+" ? 1 : -1);
    else return;
    event.preventDefault();
  };
  return (
    <section class={search.groups > 1 ? "tree grouped" : "tree"} aria-labelledby="tree">
      <div class="section-head">
        <h2 id="tree">Tree</h2>
        <p class="summary">{sentence(search)}</p>
      </div>
      {!drawn && <OvertakenNote tree={tree} search={search} />}
      <div class="toolbar">
        <Segmented legend="show" value={tree.show} choices={shows} />
        <Zoom {...tree.grid.value} narrowest={narrowest} largest={largest} onZoom={(direction) => zoom(tree, direction)} onFit={() => (tree.zoom.value = tree.grid.value.widest)} />
        <button aria-expanded={table.value} onClick={() => (table.value = !table.value)}>
          {table.value ? "hide the numbers" : "show the numbers"}
        </button>
        <CopyButton label="copy numbers" text={() => branchTable(search)} />
        <CopyButton label="copy link" text={() => location.href.replace(/#.*/, "") + state.link.value} />
      </div>
      <TreeFrame tree={tree} search={search} frame={frame} onKeyDown={onKeyDown} />
      <Legend tree={tree} search={search} />
      {table.value && <BranchTable tree={tree} search={search} />}
    </section>
  );
}

function zoom(tree: TreeState, direction: 1 | -1): void {
  const { column } = tree.grid.value;
  const next = direction > 0 ? Math.ceil(column * 1.3) : Math.floor(column / 1.3);
  tree.zoom.value = Math.max(narrowest, Math.min(next, largest));
}

function sentence({ steps, branches, ended }: Search): string {
  const count = (fate: Branch["fate"]) => branches.filter((branch) => branch.fate === fate).length;
  const returned = ended.filter(({ sequence }) => sequence !== null).length;
  return `${counted(steps.length, "step")}: ${counted(count("kept"), "branch", "branches")} kept, ${count("pruned")} pruned; ${counted(ended.length, "text")} ended, ${returned} returned.`;
}
