// Which branch of the drawing is explained: the one under the pointer, or the selected one.

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useMemo } from "preact/hooks";
import type { Branch } from "../../data/search.ts";
import { boxOf, branchAt, type Drawing } from "../../tree/drawing.ts";
import type { Grid } from "../../tree/grid.ts";
import type { Layout } from "../../tree/layout.ts";
import type { TipSpot } from "./BranchTip.tsx";

export function useBranchTip(frame: RefObject<HTMLDivElement | null>, layout: Layout, grid: Grid, drawn: Drawing | null) {
  const spot = useSignal<TipSpot | null>(null);
  const stubs = useMemo(() => new Map(drawn?.stubs.map((stub) => [stub.parent, stub])), [drawn]);
  const origin = () => frame.current!.querySelector(".tree-canvas")!.getBoundingClientRect();
  const branchUnder = (event: MouseEvent) => branchAt(layout, grid, stubs, event.clientX - origin().left, event.clientY - origin().top);
  const show = (branch: Branch | null) => {
    if (branch === null || !frame.current) return void (spot.value = null);
    if (spot.value?.branch === branch) return;
    const { left, top, height } = boxOf(layout, grid, branch);
    const others = branch.node === null ? (stubs.get(branch.parent)?.pruned ?? [branch]) : [branch];
    spot.value = { branch, others, left: origin().left + left, top: origin().top + top, height };
  };
  return { spot, show, hide: () => void (spot.value = null), branchUnder };
}
