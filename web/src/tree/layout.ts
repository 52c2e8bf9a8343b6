// Where the branches of a search's tree are drawn: x is the depth, and at each depth every branch has a row of its own.
// The order from top to bottom is that of the tree, so no edge crosses another; the best child comes first, and the way to
// the best text is the first row. A text goes on straight where there is room, and makes way where there is not: so the
// rows are little more than the beams.

import type { Branch, Search } from "../data/search.ts";

// Branches that follow one another in one row with no other way to go: drawn as one edge.
export interface Straight {
  readonly branches: readonly Branch[];
  readonly row: number;
  readonly from: number; // row of what it continues
}

// The rows of a group, when there are several.
export interface Band {
  readonly group: number;
  readonly first: number;
  readonly last: number;
}

export interface Layout {
  readonly rows: number;
  readonly row: ReadonlyMap<Branch, number>; // of those that are shown; pruned branches have none
  readonly straights: readonly Straight[];
  readonly bands: readonly Band[];
  readonly from: (branch: Branch) => number; // row of what it continues
  readonly at: (row: number, depth: number) => Branch | null;
  readonly next: (branch: Branch | null) => readonly Branch[]; // the shown children, best first
}

// Rows beyond the fullest depth, as a share: with them fewer texts must make way.
const slack = 0.5;

// `shown` must hold for the parents of what it holds for.
export function layout(search: Search, shown: (branch: Branch) => boolean): Layout {
  const visible = search.branches.filter((branch) => branch.node !== null && shown(branch));
  const { children, worth } = order(visible, search);
  const row = new Map<Branch, number>();
  const bands: Band[] = [];
  const roots = children.get(null) ?? [];
  for (const group of new Set(roots.map((root) => root.group))) {
    const first = bands.length === 0 ? 0 : bands.at(-1)!.last + 1;
    const columns = columnsOf(roots.filter((root) => root.group === group), children);
    const rows = fill(columns, children, worth, row, first);
    bands.push({ group, first, last: first + rows - 1 });
  }
  const start = row.get(roots[0]!) ?? 0;
  const from = ({ parent }: Branch) => (parent ? row.get(parent)! : start);
  const cells = new Map<string, Branch>();
  for (const [branch, y] of row) cells.set(`${y} ${branch.depth}`, branch);
  return {
    rows: (bands.at(-1)?.last ?? 0) + 1,
    row,
    straights: straights(visible, children, row, from),
    bands,
    from,
    at: (y, depth) => cells.get(`${y} ${depth}`) ?? null,
    next: (branch) => children.get(branch) ?? [],
  };
}

type Children = ReadonlyMap<Branch | null, readonly Branch[]>;
type Compare = (a: Branch, b: Branch) => number;

// The children of each, by group, then the way to the best text that ended, then what lives longest, then the lane. And
// the worth of each by the same measures, most first: who goes straight on where not all can.
function order(visible: readonly Branch[], search: Search): { children: Children; worth: Compare } {
  const best = new Map<Branch, number>();
  search.ended.forEach(({ rank, end }) => best.set(end, rank));
  const reach = new Map<Branch, number>();
  for (const branch of [...visible].reverse()) {
    const { parent } = branch;
    const depth = reach.get(branch) ?? branch.depth;
    reach.set(branch, depth);
    if (parent === null) continue;
    best.set(parent, Math.min(rankOf(parent), rankOf(branch)));
    reach.set(parent, Math.max(reach.get(parent) ?? 0, depth));
  }
  function rankOf(branch: Branch): number {
    return best.get(branch) ?? Number.MAX_SAFE_INTEGER;
  }
  const laneOf = ({ lane }: Branch) => lane ?? Number.MAX_SAFE_INTEGER;
  const worth = (a: Branch, b: Branch) =>
    rankOf(a) - rankOf(b) || reach.get(b)! - reach.get(a)! || laneOf(a) - laneOf(b) || a.id - b.id;
  const children = new Map<Branch | null, Branch[]>();
  for (const branch of visible) {
    const siblings = children.get(branch.parent);
    if (siblings) siblings.push(branch);
    else children.set(branch.parent, [branch]);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.group - b.group || worth(a, b));
  return { children, worth };
}

// Depth by depth, in the order of the tree.
function columnsOf(roots: readonly Branch[], children: Children): (readonly Branch[])[] {
  const columns: (readonly Branch[])[] = [];
  for (let column = roots; column.length > 0; column = column.flatMap((branch) => children.get(branch) ?? [])) columns.push(column);
  return columns;
}

// Gives every branch a row and returns how many rows there are. First every text goes on where it was; then, backwards,
// every branch moves to where its best child is, which leaves room where texts will part; then forwards again.
function fill(columns: readonly (readonly Branch[])[], children: Children, worth: Compare, row: Map<Branch, number>, first: number): number {
  const fullest = columns.reduce((most, column) => Math.max(most, column.length), 0);
  const rows = fullest + Math.ceil(fullest * slack);
  const put = (column: readonly Branch[], wanted: (branch: Branch) => number) => {
    const placed = place(column, worth, (branch) => wanted(branch) - first, rows);
    column.forEach((branch, i) => row.set(branch, first + placed[i]!));
  };
  const before = ({ parent }: Branch) => (parent ? row.get(parent)! : first);
  const behind = (branch: Branch) => row.get(children.get(branch)?.[0] ?? branch)!;
  const goesOn = (branch: Branch) => branch.parent !== null && children.get(branch.parent)![0] === branch;
  for (const column of columns) put(column, before);
  for (const column of [...columns].reverse()) put(column, behind);
  for (const column of columns) put(column, (branch) => (goesOn(branch) ? before(branch) : row.get(branch)!));
  return columns.flat().reduce((most, branch) => Math.max(most, row.get(branch)! - first), 0) + 1;
}

// Rows in rising order, each as near to the wanted one as those of more worth allow.
function place(column: readonly Branch[], worth: Compare, wanted: (branch: Branch) => number, rows: number): number[] {
  const low = column.map((_, i) => i);
  const high = column.map((_, i) => rows - column.length + i);
  const byWorth = column.map((_, i) => i).sort((a, b) => worth(column[a]!, column[b]!));
  for (const i of byWorth) {
    const at = Math.max(low[i]!, Math.min(wanted(column[i]!), high[i]!));
    low[i] = high[i] = at;
    for (let j = i - 1; j >= 0 && high[j]! > at - (i - j); --j) high[j] = at - (i - j);
    for (let j = i + 1; j < column.length && low[j]! < at + (j - i); ++j) low[j] = at + (j - i);
  }
  return low;
}

function straights(visible: readonly Branch[], children: Children, row: ReadonlyMap<Branch, number>, from: (branch: Branch) => number): Straight[] {
  const found: Straight[] = [];
  const open = new Map<Branch, Branch[]>(); // by the last branch
  for (const branch of visible) {
    const { parent } = branch;
    const goesOn = parent !== null && children.get(parent)!.length === 1 && row.get(branch) === from(branch);
    const branches = goesOn ? open.get(parent)! : [];
    if (!goesOn) found.push({ branches, row: row.get(branch)!, from: from(branch) });
    branches.push(branch);
    open.set(branch, branches);
  }
  return found;
}
