// The part of the layer map that is in view.

import type { Bins } from "../../contrast/bins.ts";
import { axisWidth, headHeight, rowHeight, type Grid } from "../../contrast/grid.ts";
import { spelled } from "../../data/spelling.ts";
import type { State } from "../../state.ts";
import type { Colors } from "./useCanvas.ts";

export interface View {
  readonly state: State;
  readonly grid: Grid;
  readonly bins: Bins;
  readonly left: number; // scrolled by so many pixels
  readonly width: number;
}

const legible = 40; // pixels a column

export function drawMap(context: CanvasRenderingContext2D, color: Colors, { state, grid, bins, left, width }: View): void {
  const { contrast, steps } = state;
  const tints = Array.from({ length: 9 }, (_, i) => color(`v${i}`));
  const [ink, quiet, surface, selected] = [color("ink"), color("quiet"), color("surface"), color("accent-surface")];
  const first = Math.max(0, Math.floor(left / grid.column));
  const last = Math.min(grid.columns - 1, Math.ceil((left + width - axisWidth) / grid.column));
  const texts = grid.column >= legible;
  const gap = grid.column > 6 ? 1 : 0;
  context.textBaseline = "middle";
  context.fillStyle = surface;
  context.fillRect(0, 0, width, headHeight + grid.rows * rowHeight);
  for (let column = first; column <= last; ++column) {
    const x = axisWidth + column * grid.column - left;
    const here = column === state.index.value;
    if (here) {
      context.fillStyle = selected;
      context.fillRect(x, 0, grid.column, headHeight);
    }
    if (texts) write(context, spelled(steps.value[column]!.token, 24), x, 0, grid.column, headHeight, ink, `600 ${font(color)}`);
    const chosen = contrast.dola.value[column]?.chosen ?? null;
    for (let row = 0; row < grid.rows; ++row) {
      const layer = contrast.layerAt(column, row);
      if (layer === null) continue;
      const y = headHeight + row * rowHeight;
      const bin = row === 0 && contrast.statistic.value === "divergence" ? null : bins.of(layer);
      context.fillStyle = bin === null ? surface : tints[bin]!;
      context.fillRect(x, y, Math.max(grid.column - gap, 1), rowHeight - gap);
      if (texts && layer.top[0]) write(context, spelled(layer.top[0], 24), x, y, grid.column - gap, rowHeight, bin === null ? quiet : ink, font(color));
      if (layer.layer !== null && layer.layer === chosen) outline(context, x, y, grid.column - gap, rowHeight - gap, ink);
    }
  }
}

const font = (color: Colors) => `${color("size-data")} ${color("font-data")}`;

function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, width: number, height: number, ink: string, face: string): void {
  context.save();
  context.beginPath();
  context.rect(x + 1, y, width - 3, height);
  context.clip();
  context.font = face;
  context.fillStyle = ink;
  context.fillText(text, x + 5, y + height / 2);
  context.restore();
}

// Narrow columns have no room for a frame: a mark in the middle.
function outline(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, ink: string): void {
  if (width < 8) {
    context.fillStyle = ink;
    context.fillRect(x, y + height / 2 - 3, Math.max(width, 1), 6);
    return;
  }
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.strokeRect(x + 1, y + 1, width - 2, height - 2);
}
