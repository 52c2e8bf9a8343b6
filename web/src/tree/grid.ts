// The sizes of the drawing: a column a token, a row a lane; in pixels.

export interface Grid {
  readonly column: number;
  readonly row: number;
  readonly left: number; // of the prompt
  readonly line: number; // of a row's edge, from its top
  readonly ends: readonly number[] | null; // of the columns, in pixels from `left`, where words widen them; null: all are alike
  readonly widest: number; // column, where everything just fits
  readonly texts: boolean; // below the edges: what was pruned; behind the ends: their scores
}

export const narrowest = 3;
const readable = 48;
const roomy = 72;
export const behind = 64; // behind the last column, for the ends' scores

export function gridOf(depth: number, width: number, zoom: number | null, groups: boolean): Grid {
  const left = groups ? 40 : 16;
  const fit = Math.floor((width - left - behind) / Math.max(depth, 1));
  const widest = Math.max(narrowest, Math.min(fit, 120));
  const column = Math.round(zoom ?? Math.max(readable, widest));
  const texts = column >= roomy;
  return { column, left, ends: null, widest, texts, row: texts ? 40 : column >= 20 ? 28 : 24, line: texts ? 20 : column >= 20 ? 19 : 18 };
}

// A text and the columns it has for itself.
export interface Wanted {
  readonly first: number; // depth of its first token
  readonly last: number;
  readonly pixels: number;
}

const widestText = 200; // pixels that one text may ask for

// With columns as wide as their words ask for.
export function widened(grid: Grid, depth: number, wanted: readonly Wanted[]): Grid {
  if (grid.column < readable) return grid;
  const widths = new Array<number>(depth).fill(grid.column);
  for (const { first, last, pixels } of [...wanted].sort((a, b) => a.last - a.first - (b.last - b.first))) {
    const room = widths.slice(first - 1, last).reduce((sum, width) => sum + width, 0);
    const lacking = Math.min(pixels, widestText * (last - first + 1)) - room;
    if (lacking > 0) for (let i = first - 1; i < last; ++i) widths[i]! += Math.ceil(lacking / (last - first + 1));
  }
  let end = 0;
  return { ...grid, ends: [0, ...widths.map((width) => (end += width))] };
}

export function xOf(grid: Grid, depth: number): number {
  return grid.left + (grid.ends?.[depth] ?? depth * grid.column);
}
export const widthAt = (grid: Grid, depth: number) => xOf(grid, depth) - xOf(grid, depth - 1);

// The depth whose column is at x.
export function depthAt(grid: Grid, x: number): number {
  if (grid.ends === null) return Math.max(1, Math.ceil((x - grid.left) / grid.column));
  const found = grid.ends.findIndex((end, i) => i > 0 && grid.left + end >= x);
  return found < 0 ? grid.ends.length : found;
}
export const yOf = (grid: Grid, row: number) => row * grid.row + grid.line;
