// Where the cells of the layer map lie, in pixels: a column a token, a row a layer, the final one above.

export const axisWidth = 56;
export const rowHeight = 24;
export const headHeight = 28;
export const narrowest = 2; // pixels a column
export const widestOfAll = 240;
const readable = 72;
const roomy = 120;

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly column: number; // pixels
  readonly widest: number; // column width that shows the whole run
}

export function gridOf(columns: number, rows: number, width: number, zoom: number | null): Grid {
  const widest = Math.max(narrowest, Math.min((width - axisWidth) / Math.max(1, columns), widestOfAll));
  return { columns, rows, column: zoom ?? Math.max(Math.min(widest, roomy), readable), widest };
}

export function widthOf({ columns, column }: Grid): number {
  return axisWidth + columns * column;
}

export function heightOf({ rows }: Grid): number {
  return headHeight + rows * rowHeight;
}

export interface Cell {
  readonly column: number;
  readonly row: number;
}

// From a point of the whole map; null: outside of it. The head belongs to the final layer's row.
export function cellAt(grid: Grid, x: number, y: number): Cell | null {
  const column = Math.floor((x - axisWidth) / grid.column);
  const row = Math.max(0, Math.floor((y - headHeight) / rowHeight));
  return x >= axisWidth && column < grid.columns && y >= 0 && row < grid.rows ? { column, row } : null;
}

const page = 10;

// With the arrow keys; null: another key.
export function move({ columns, rows }: Grid, { column, row }: Cell, key: string): Cell | null {
  const to = (c: number, r: number) => ({ column: Math.max(0, Math.min(c, columns - 1)), row: Math.max(0, Math.min(r, rows - 1)) });
  switch (key) {
    case "ArrowLeft":
      return to(column - 1, row);
    case "ArrowRight":
      return to(column + 1, row);
    case "ArrowUp":
      return to(column, row - 1);
    case "ArrowDown":
      return to(column, row + 1);
    case "Home":
      return to(0, row);
    case "End":
      return to(columns - 1, row);
    case "PageUp":
      return to(column - page, row);
    case "PageDown":
      return to(column + page, row);
    default:
      return null;
  }
}

// In pixels, on the whole map.
export function boxOf(grid: Grid, { column, row }: Cell) {
  return { left: axisWidth + column * grid.column, top: headHeight + row * rowHeight, width: Math.max(grid.column, 4), height: rowHeight };
}
