// The sizes of the drawing: a column a token, a row a lane; in pixels.

export interface Grid {
  readonly column: number;
  readonly row: number;
  readonly left: number; // of the prompt
  readonly line: number; // of a row's edge, from its top
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
  return { column, left, widest, texts, row: texts ? 40 : column >= 20 ? 28 : 24, line: texts ? 20 : column >= 20 ? 19 : 18 };
}

export const xOf = (grid: Grid, depth: number) => grid.left + depth * grid.column;
export const yOf = (grid: Grid, row: number) => row * grid.row + grid.line;
