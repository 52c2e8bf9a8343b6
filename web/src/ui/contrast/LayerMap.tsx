// The map in its frame, which scrolls: a canvas as wide as the frame, drawn anew for what is in view. For the keyboard and
// for screen readers it is a grid of which only the selected cell is there at a time.

import { batch, useSignal, type Signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Bins } from "../../contrast/bins.ts";
import { axisWidth, boxOf, headHeight, heightOf, move, rowHeight, widthOf, type Cell, type Grid } from "../../contrast/grid.ts";
import { cellWords } from "../../contrast/words.ts";
import type { State } from "../../state.ts";
import { useMeasured } from "../tree/useMeasured.ts";
import { drawMap } from "./drawMap.ts";
import { LayerTip } from "./LayerTip.tsx";
import { useCanvas } from "./useCanvas.ts";
import { useCellTip } from "./useCellTip.ts";

interface Props {
  readonly state: State;
  readonly grid: Grid;
  readonly bins: Bins;
  readonly width: Signal<number>;
  readonly onZoom: (direction: 1 | -1) => void;
  readonly onOpen: () => void;
}

export function LayerMap({ state, grid, bins, width, onZoom, onOpen }: Props) {
  const { contrast } = state;
  const frame = useRef<HTMLDivElement>(null);
  useMeasured(frame, width);
  const scrolled = useSignal(0);
  const tip = useCellTip(frame, grid);
  const at: Cell = { column: state.index.value, row: contrast.row.value };
  const height = heightOf(grid);
  const canvas = useCanvas(width.value, height, (context, color) =>
    drawMap(context, color, { state, grid, bins, left: scrolled.value, width: width.value }),
  );
  useLayoutEffect(() => {
    if (frame.current && width.value > 0) reveal(frame.current, grid, at);
  }, [at.column, at.row, grid.column, width.value]);

  const select = ({ column, row }: Cell) =>
    batch(() => {
      if (column !== state.index.value) state.select(column);
      contrast.layer.value = row;
    });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const to = move(grid, at, event.key);
    if (to) {
      select(to);
      requestAnimationFrame(() => tip.show(to));
    } else if (event.key === "Enter") onOpen();
    else if (event.key === "+" || event.key === "-") onZoom(event.key === "+" ? 1 : -1);
    else {
      if (event.key === "Escape") tip.hide();
      return;
    }
    event.preventDefault();
  };
  return (
    <div
      class="layer-frame"
      ref={frame}
      role="grid"
      tabIndex={0}
      aria-label="Layers by tokens: left and right along the text, up and down through the layers, Enter for the step"
      aria-rowcount={grid.rows}
      aria-colcount={grid.columns}
      aria-activedescendant="layer-cursor"
      onKeyDown={onKeyDown}
      onFocus={() => {
        if (frame.current!.matches(":focus-visible")) tip.show(at);
      }}
      onBlur={tip.hide}
      onScroll={() => {
        scrolled.value = frame.current!.scrollLeft;
        if (frame.current !== document.activeElement) tip.hide();
      }}
      onPointerMove={(event) => tip.show(tip.cellUnder(event))}
      onPointerLeave={tip.hide}
      onClick={(event) => {
        const cell = tip.cellUnder(event);
        if (cell) select(cell);
      }}
    >
      <div class="layer-space" role="presentation" style={{ width: `${Math.max(widthOf(grid), width.value)}px`, height: `${height}px` }}>
        <canvas ref={canvas} style={{ width: `${width.value}px`, height: `${height}px` }} aria-hidden="true" />
        <Cursor state={state} grid={grid} at={at} />
        <Axis layers={contrast.layers.value} />
      </div>
      <LayerTip spot={tip.spot.value} state={state} />
    </div>
  );
}

function Cursor({ state, grid, at }: { state: State; grid: Grid; at: Cell }) {
  const { contrast } = state;
  const chosen = contrast.dola.value[at.column]?.chosen ?? null;
  return (
    <div role="row" aria-rowindex={at.row + 1}>
      <div
        id="layer-cursor"
        role="gridcell"
        aria-selected="true"
        aria-rowindex={at.row + 1}
        aria-colindex={at.column + 1}
        aria-label={cellWords(contrast.layerAt(at.column, at.row), chosen, state.steps.value[at.column]!.token)}
        style={Object.fromEntries(Object.entries(boxOf(grid, at)).map(([name, value]) => [name, `${value}px`]))}
      />
    </div>
  );
}

function Axis({ layers }: { layers: readonly number[] }) {
  return (
    <div class="layer-axis num" aria-hidden="true" style={{ width: `${axisWidth}px` }}>
      <span style={{ height: `${headHeight}px` }}>layer</span>
      {["final", ...layers].map((layer) => (
        <span style={{ height: `${rowHeight}px` }}>{layer}</span>
      ))}
    </div>
  );
}

function reveal(frame: HTMLElement, grid: Grid, { column, row }: Cell): void {
  const left = column * grid.column; // behind the axis
  const room = frame.clientWidth - axisWidth;
  const margin = Math.min(96, room / 4);
  if (left < frame.scrollLeft + margin) frame.scrollLeft = left - margin;
  else if (left + grid.column > frame.scrollLeft + room - margin) frame.scrollLeft = left + grid.column + margin - room;
  const top = headHeight + row * rowHeight;
  if (top < frame.scrollTop) frame.scrollTop = top - 8;
  else if (top + rowHeight > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + rowHeight + 8 - frame.clientHeight;
}
