// The tree as a few paths, one for everything that looks alike: thousands of branches are as quick to draw as ten.

import type { Branch, Search } from "../data/search.ts";
import type { Layout } from "./layout.ts";
import { depthAt, widthAt, xOf, yOf, type Grid } from "./grid.ts";
import { signPath } from "./signs.ts";
import type { Standing } from "./standing.ts";
import { chance } from "./words.ts";

export interface Stroke {
  readonly look: string; // classes
  readonly width: number;
  readonly d: string;
}

// Pruned branches of one parent.
export interface Stub {
  readonly parent: Branch | null;
  readonly pruned: readonly Branch[]; // by rank
  readonly row: number;
}

export interface Drawing {
  readonly strokes: readonly Stroke[];
  readonly winning: readonly Stroke[];
  readonly stubs: readonly Stub[];
}

const bounds = [0.1, 0.3, 0.6, 0.9]; // of the probability
const thin = [1, 1.5, 2, 3, 4];
const thick = [4, 4.75, 5.5, 6.25, 7];

export const dense = 16; // pixels a column; below it only lines are drawn, and thinner ones

export const widths = thin.map((width, i) => ({ width, label: i === 0 ? "p < 0.1" : `≥ ${bounds[i - 1]}` }));

class Strokes {
  readonly #found = new Map<string, { look: string; width: number; parts: string[] }>();

  add(look: string, width: number, d: string): void {
    const key = `${look} ${width}`;
    const known = this.#found.get(key);
    if (known) known.parts.push(d);
    else this.#found.set(key, { look, width, parts: [d] });
  }

  list(): Stroke[] {
    return [...this.#found.values()].map(({ look, width, parts }) => ({ look, width, d: parts.join("") }));
  }
}

export function drawing(
  search: Search,
  layout: Layout,
  grid: Grid,
  standing: (branch: Branch) => Standing,
  winner: ReadonlySet<Branch>,
  pruned: boolean,
): Drawing {
  const strokes = new Strokes();
  const winning = new Strokes();
  const scale = grid.column < dense ? 0.7 : 1;
  for (const [branch, row] of layout.row) {
    const level = bounds.filter((bound) => chance(branch) >= bound).length;
    const width = thin[level]! * scale;
    const group = `g${branch.group % 6}`;
    const ends = layout.next(branch).length === 0 && standing(branch) === "lost";
    const end = xOf(grid, branch.depth);
    const tail = ends ? Math.min(18, grid.column / 2) : 0;
    const d = edgePath(grid, branch.depth, layout.from(branch), row, end - tail);
    if (winner.has(branch)) winning.add("winning", thick[level]!, d);
    else strokes.add(`${standing(branch)} ${group}`, width, d);
    if (ends) fade(strokes, `fade ${group}`, width, end - tail, yOf(grid, row), tail, 0);
  }
  const stubs = pruned ? stubsOf(search, layout) : [];
  for (const stub of stubs) drawStub(strokes, grid, stub);
  return { strokes: strokes.list(), winning: winning.list(), stubs };
}

// How far an edge takes to get to its row.
export function bend(grid: Grid): number {
  return Math.min(20, grid.column / 2);
}

// To its row, all in the same way so that none crosses another, and on to the right.
export function edgePath(grid: Grid, depth: number, from: number, row: number, end: number): string {
  const x = xOf(grid, depth - 1);
  const y = yOf(grid, row);
  if (row === from) return `M${x} ${y}H${round(end)}`;
  const start = yOf(grid, from);
  const width = bend(grid);
  return `M${x} ${start}C${x + width / 2} ${start} ${x + width / 2} ${y} ${x + width} ${y}H${round(end)}`;
}

export function stubsOf(search: Search, layout: Layout): Stub[] {
  const stubs: Stub[] = [];
  const add = (parent: Branch | null, row: number, children: readonly Branch[]) => {
    const pruned = children.filter(({ node }) => node === null);
    if (pruned.length > 0) stubs.push({ parent, pruned, row });
  };
  add(null, startRow(layout), search.roots);
  for (const [branch, row] of layout.row) add(branch, row, branch.children);
  return stubs;
}

// Of the prompt.
export function startRow(layout: Layout): number {
  const [first] = layout.next(null);
  return first ? layout.from(first) : 0;
}

// Where a stub ends, and so where its sign and its text are.
export function stubEnd(grid: Grid, { parent, row }: Pick<Stub, "parent" | "row">): { x: number; y: number } {
  const length = Math.min(14, Math.max(2, grid.column - 2));
  return { x: xOf(grid, parent?.depth ?? 0) + length, y: yOf(grid, row) + Math.min(9, grid.row - grid.line - 1) };
}

function drawStub(strokes: Strokes, grid: Grid, stub: Stub): void {
  const { parent, pruned, row } = stub;
  const x = xOf(grid, parent?.depth ?? 0) + Math.min(5, grid.column / 4);
  const y = yOf(grid, row);
  const end = stubEnd(grid, stub);
  const lines = grid.column < dense ? 1 : Math.min(3, pruned.length);
  for (let i = 0; i < lines; ++i) fade(strokes, "stub", 1.25, x, y, end.x - x - 3 * i, end.y - y);
  if (grid.column < dense) return;
  const signs = [...new Set(pruned.map(({ reason }) => reason))].map((reason) => (reason === null ? null : signPath(reason)));
  signs
    .filter((sign) => sign !== null)
    .slice(0, 2)
    .forEach((sign, i) => strokes.add("sign", 1.25, sign(end.x + 4 + 9 * i, end.y)));
}

// A line that fades away: three pieces, each lighter.
function fade(strokes: Strokes, look: string, width: number, x: number, y: number, dx: number, dy: number): void {
  for (let i = 0; i < 3; ++i) {
    const at = (share: number) => `${round(x + dx * share)} ${round(y + dy * share)}`;
    strokes.add(`${look} f${i}`, width, `M${at(i / 3)}L${at((i + 1) / 3)}`);
  }
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

// What is at a point of the drawing: the branch whose edge or stub is there.
export function branchAt(layout: Layout, grid: Grid, stubs: ReadonlyMap<Branch | null, Stub>, x: number, y: number): Branch | null {
  const row = Math.floor(y / grid.row);
  const depth = depthAt(grid, x);
  const inColumn = x - xOf(grid, depth - 1);
  const below = y - yOf(grid, row);
  const from = depth === 1 ? (row === startRow(layout) ? null : undefined) : (layout.at(row, depth - 1) ?? undefined);
  const stub = from === undefined ? undefined : stubs.get(from);
  if (stub && below > 3 && (grid.texts || inColumn <= 20)) return stub.pruned[0]!;
  const here = layout.at(row, depth);
  if (here) return here;
  if (stub && below > -6 && inColumn <= 20) return stub.pruned[0]!;
  if (inColumn <= 12) {
    for (let lower = row + 1; lower < layout.rows; ++lower) {
      const branch = layout.at(lower, depth);
      if (branch) return layout.from(branch) <= row ? branch : null;
    }
  }
  return null;
}

// Where a branch stands in the drawing, in pixels.
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function boxOf(layout: Layout, grid: Grid, branch: Branch): Box {
  const row = layout.row.get(branch);
  if (row !== undefined) {
    return { left: xOf(grid, branch.depth - 1) + 1, top: row * grid.row + 1, width: Math.max(widthAt(grid, branch.depth) - 2, 6), height: grid.line + 4 };
  }
  const parent = branch.parent;
  const from: Pick<Stub, "parent" | "row"> = { parent, row: layout.from(branch) };
  const end = stubEnd(grid, from);
  const left = xOf(grid, branch.depth - 1) + 2;
  const width = grid.texts ? widthAt(grid, branch.depth) - 4 : end.x - left + 8;
  return { left, top: yOf(grid, from.row) + 3, width: Math.max(width, 8), height: grid.texts ? 17 : 12 };
}
