// Which cell of the map is explained: the one under the pointer, or the selected one.

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { axisWidth, boxOf, cellAt, rowHeight, type Cell, type Grid } from "../../contrast/grid.ts";
import type { CellSpot } from "./LayerTip.tsx";

export function useCellTip(frame: RefObject<HTMLDivElement | null>, grid: Grid) {
  const spot = useSignal<CellSpot | null>(null);
  const origin = () => frame.current!.querySelector(".layer-space")!.getBoundingClientRect();
  const show = (cell: Cell | null) => {
    if (cell === null || !frame.current) return void (spot.value = null);
    if (spot.value?.cell.column === cell.column && spot.value.cell.row === cell.row) return;
    const { left, top } = boxOf(grid, cell);
    spot.value = { cell, left: origin().left + left, top: origin().top + top, height: rowHeight };
  };
  const cellUnder = (event: MouseEvent) => {
    if (event.clientX < frame.current!.getBoundingClientRect().left + axisWidth) return null;
    return cellAt(grid, event.clientX - origin().left, event.clientY - origin().top);
  };
  return { spot, show, hide: () => void (spot.value = null), cellUnder };
}
