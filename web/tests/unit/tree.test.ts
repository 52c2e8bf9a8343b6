import assert from "node:assert/strict";
import { test } from "node:test";
import { pathTo, type Branch, type Search } from "../../src/data/search.ts";
import { Trace } from "../../src/data/trace.ts";
import { State } from "../../src/state.ts";
import { edgeText, wantedBy } from "../../src/tree/edge_text.ts";
import { branchAt, drawing, stubEnd } from "../../src/tree/drawing.ts";
import { gridOf, xOf, yOf } from "../../src/tree/grid.ts";
import { layout, type Layout } from "../../src/tree/layout.ts";
import { choices, move } from "../../src/tree/moves.ts";
import { overtaking } from "../../src/tree/overtaking.ts";
import { rerank } from "../../src/tree/ranking.ts";
import { chance } from "../../src/tree/words.ts";
import { standings, wayTo } from "../../src/tree/standing.ts";
import { beamTrace, type Setting } from "../support/beams.ts";
import { lines, token } from "../support/fixtures.ts";

const settings: Setting[] = [
  { beams: 1, steps: 5 },
  { beams: 4, steps: 12, end: 0.5 },
  { beams: 5, steps: 30, end: 1.5, seed: 9 },
  { beams: 6, steps: 14, groups: 3, penalty: 1.5, end: 1 },
  { beams: 4, steps: 14, forced: [31, 36], end: 1 },
  { beams: 16, steps: 100, end: -2.5, top: 2 },
];
const searchOf = (setting: Setting): Search => new Trace(beamTrace(setting)).runs[0]!.search!;
const everything = () => true;

// A tree by hand: name, parent; the finished ones are ranked in their order.
function treeOf(edges: string, finished: string): { search: Search; named: Record<string, Branch> } {
  const names = edges.split(" ").map((edge) => edge.split("<") as [string, string?]);
  const number = (name: string | undefined) => names.findIndex(([own]) => own === name) + 1;
  const depth = (name: string | undefined): number => (name ? 1 + depth(names[number(name) - 1]![1]) : 0);
  const deepest = Math.max(...names.map(([name]) => depth(name)));
  const steps = Array.from({ length: deepest }, (_, i) =>
    names
      .filter(([name]) => depth(name) === i + 1)
      .map(([name, parent], lane) => ({ node: number(name), parent: number(parent), group: 0, rank: lane, lane, token: token(number(name), name), log_p: -1, score: -i, fate: "kept", reason: null })),
  );
  const ended = finished.split("").map((name) => ({ seq: null, node: number(name), score: -1, length: depth(name) }));
  const records = [...steps.map((candidates, t) => ({ search: { t, candidates } })), { finished: ended }];
  const search = new Trace(lines(records, {})).runs[0]!.search!;
  return { search, named: Object.fromEntries(search.branches.map((branch) => [branch.token.text, branch])) };
}

function rowsOf(edges: string, finished: string): string {
  const { search, named } = treeOf(edges, finished);
  const { row } = layout(search, everything);
  return Object.entries(named).map(([name, branch]) => name + row.get(branch)).join(" ");
}

test("layout by hand: the best text is the first row, what dies leaves its row to others, and all go straight", () => {
  assert.equal(rowsOf("a b<a c<b", "c"), "a0 b0 c0");
  assert.equal(rowsOf("a b<a c<a d<c", "d"), "a0 b1 c0 d0", "the way to the best one stays");
  assert.equal(rowsOf("a z b<a c<a y<z", "b"), "a0 z2 b0 c1 y2", "room is left where texts will part");
  assert.equal(rowsOf("a b<a c<a d<b e<b f<d g<d", "fg"), "a0 b0 c1 d0 e1 f0 g1");
});

test("no two branches share a place, no edge crosses another, rows are little more than the beams", () => {
  for (const setting of settings) {
    const search = searchOf(setting);
    const standing = standings(search);
    for (const shown of [everything, (branch: Branch) => standing(branch) !== "lost", (branch: Branch) => standing(branch) === "returned"]) {
      const drawn = layout(search, shown);
      const places = new Set([...drawn.row].map(([branch, row]) => `${row} ${branch.depth}`));
      assert.equal(places.size, drawn.row.size);
      for (let depth = 1; depth <= search.depth; ++depth) {
        const column = [...drawn.row].filter(([branch]) => branch.depth === depth).sort(([, a], [, b]) => a - b);
        const from = column.map(([branch]) => drawn.from(branch));
        assert.ok(from.every((row, i) => i === 0 || row >= from[i - 1]!), `edges cross at ${depth}`);
        assert.ok(column.every(([branch, row]) => drawn.at(row, depth) === branch && row < drawn.rows));
      }
      const fullest = Math.max(...search.steps.map(({ branches }) => branches.filter(({ node }) => node !== null).length));
      assert.ok(drawn.rows <= Math.ceil(1.5 * fullest) + search.groups, `${drawn.rows} rows for ${fullest} branches`);
      const best = search.ended[0]!.end;
      const first = drawn.bands.find(({ group }) => group === best.group)!.first;
      for (const branch of pathTo(best)) assert.equal(drawn.row.get(branch), first, "the best text is the first row of its group");
    }
  }
});

test("groups have rows of their own", () => {
  const search = searchOf({ beams: 6, steps: 14, groups: 3, penalty: 1.5, end: 1 });
  const { bands, row, rows } = layout(search, everything);
  assert.deepEqual(bands.map(({ group }) => group), [0, 1, 2]);
  assert.equal(bands[0]!.first, 0);
  assert.equal(bands.at(-1)!.last, rows - 1);
  bands.slice(1).forEach((band, i) => assert.equal(band.first, bands[i]!.last + 1));
  for (const [branch, y] of row) {
    const band = bands.find(({ group }) => group === branch.group)!;
    assert.ok(band.first <= y && y <= band.last);
  }
});

test("straight runs are collapsed, and hold every branch once", () => {
  for (const setting of settings) {
    const { straights, next, row, from } = layout(searchOf(setting), everything);
    assert.equal(straights.reduce((sum, { branches }) => sum + branches.length, 0), row.size);
    for (const straight of straights) {
      assert.equal(straight.from, from(straight.branches[0]!));
      straight.branches.forEach((branch, i) => {
        assert.equal(row.get(branch), straight.row);
        if (i > 0) assert.deepEqual(next(straight.branches[i - 1]!), [branch]);
      });
      const last = straight.branches.at(-1)!;
      const only = next(last).length === 1 && row.get(next(last)[0]!) === straight.row;
      assert.ok(!only, "a run ends where texts part, end or make way");
    }
  }
  const { search } = treeOf("a b<a c<b d<c e<c", "d");
  assert.deepEqual(layout(search, everything).straights.map(({ branches }) => branches.map(({ token }) => token.text).join("")), ["abc", "d", "e"]);
});

test("re-ranking is score / length^length_penalty, of equals the run's order", () => {
  const search = searchOf({ beams: 5, steps: 30, end: 1.5, seed: 9 });
  assert.ok(new Set(search.ended.map(({ length }) => length)).size > 1);
  for (let lp = -3; lp <= 3; lp += 0.5) {
    const ranking = rerank(search.ended, lp);
    assert.equal(ranking.length, search.ended.length);
    for (const { ended, normalized } of ranking) assert.equal(normalized, ended.score / Math.pow(ended.length, lp));
    ranking.slice(1).forEach(({ normalized }, i) => assert.ok(normalized <= ranking[i]!.normalized));
  }
  assert.deepEqual(rerank(search.ended, 1).map(({ ended }) => ended.rank), search.ended.map(({ rank }) => rank), "as the run");
  assert.deepEqual(rerank(search.ended, null).map(({ normalized }) => normalized), search.ended.map(({ normalized }) => normalized));
  const lengths = (lp: number) => rerank(search.ended, lp)[0]!.ended.length;
  assert.ok(lengths(3) > lengths(-3), "a high penalty favours longer texts");
});

test("what lacks forced words stays behind what has them", () => {
  const one = searchOf({ beams: 2, steps: 4 }).ended[0]!;
  const ended = [{ ...one, rank: 0, score: -9, unmet: [] }, { ...one, rank: 1, score: -1, sequence: null, unmet: ["x"] }];
  assert.deepEqual(rerank(ended, 0).map(({ ended: { rank } }) => rank), [0, 1]);
  const compat = [{ ...ended[0]!, sequence: 1 }, { ...ended[1]!, sequence: 0 }];
  assert.deepEqual(rerank(compat, 0).map(({ ended: { rank } }) => rank), [1, 0], "unless the run itself did not mind");
});

test("the best text is the run's first answer, of any search", () => {
  for (const setting of settings) assert.equal(searchOf(setting).ended[0]!.sequence, 0);
  const { ended } = searchOf({ beams: 4, steps: 14, forced: [31, 36], end: 1 });
  const score = (lacks: boolean) => Math.max(...ended.filter(({ unmet }) => unmet.length > 0 === lacks).map(({ normalized }) => normalized));
  assert.ok(score(true) > score(false), "although a text without the words has a better score");
});

test("what is under a point is what is drawn there", () => {
  for (const [setting, zoom] of [[settings[1]!, 100], [settings[3]!, 48], [settings[5]!, 12]] as const) {
    const search = searchOf(setting);
    const drawn = layout(search, everything);
    const grid = gridOf(search.depth, 1200, zoom, search.groups > 1);
    const { stubs } = drawing(search, drawn, grid, standings(search), wayTo(search.ended[0]!.end), true);
    const byParent = new Map(stubs.map((stub) => [stub.parent, stub]));
    const find = (x: number, y: number) => branchAt(drawn, grid, byParent, x, y);
    for (const [branch, row] of drawn.row) assert.equal(find(xOf(grid, branch.depth) - 3, yOf(grid, row) - 2), branch);
    for (const stub of stubs) {
      const { x, y } = stubEnd(grid, stub);
      assert.equal(find(x - 1, y), stub.pruned[0]);
    }
    assert.equal(stubs.reduce((sum, { pruned }) => sum + pruned.length, 0), search.branches.filter(({ node }) => node === null).length);
    assert.equal(find(-50, -50), null);
  }
});

test("the drawing is a few paths, however large the tree", () => {
  const search = searchOf(settings[5]!);
  const grid = gridOf(search.depth, 1200, null, false);
  const { strokes, winning } = drawing(search, layout(search, everything), grid, standings(search), wayTo(search.ended[0]!.end), true);
  assert.ok(strokes.length + winning.length < 60, `${strokes.length} paths`);
  assert.ok(winning.every(({ width }) => width >= 4) && strokes.every(({ width }) => width <= 4));
});

test("the arrow keys lead along the tree and to every choice", () => {
  const search = searchOf(settings[1]!);
  const drawn: Layout = layout(search, everything);
  const go = (from: Branch, ...keys: string[]) => keys.reduce((at, key) => move(search, drawn, at, key, true)!, from);
  const first = drawn.next(null)[0]!;
  const end = go(first, "End");
  assert.equal(end, search.ended[0]!.end);
  assert.equal(go(end, "Home"), first);
  assert.equal(go(first, "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"), first);
  assert.equal(go(first, "ArrowLeft"), first);
  assert.equal(go(first, "PageDown", "PageUp"), first);
  for (let depth = 1; depth <= search.depth; ++depth) {
    const all = choices(search, drawn, depth, true);
    assert.equal(all.length, search.branches.filter((branch) => branch.depth === depth).length);
    assert.equal(go(all[0]!, ...all.slice(1).map(() => "ArrowDown")), all.at(-1));
    assert.equal(go(all.at(-1)!, ...all.map(() => "ArrowUp")), all[0]);
  }
  assert.equal(move(search, drawn, first, "x", true), null);
});

test("what is hidden leads to what is shown", () => {
  const search = searchOf(settings[1]!);
  const standing = standings(search);
  const drawn = layout(search, (branch) => standing(branch) === "returned");
  const pruned = search.branches.findLast(({ node, parent }) => node === null && parent !== null)!;
  const to = move(search, drawn, pruned, "ArrowLeft", false)!;
  assert.ok(drawn.row.has(to));
});

test("text and tree have one selection", () => {
  const state = new State(new Trace(beamTrace(settings[1]!)), ["butterfly"], "");
  const { tree } = state;
  const { search, sequences } = state.trace.runs[0]!;
  for (const sequence of [0, 2]) {
    state.selectSequence(sequence);
    for (const index of [0, 5, sequences[sequence]!.length - 1]) {
      state.select(index);
      assert.equal(tree.at.value!.token.id, state.steps.value[index]!.token.id);
      assert.equal(tree.at.value!.step, index);
    }
  }
  const other = pathTo(search!.ended.find(({ sequence }) => sequence === 3)!.end).at(-1)!;
  tree.pick(other);
  assert.deepEqual([state.sequence.value, state.index.value, tree.picked.value], [3, other.step, null]);
  tree.pick(search!.roots[0]!.depth === 1 ? pathTo(other)[0]! : other);
  assert.equal(state.sequence.value, 3, "a token that several texts share leaves the text as it is");
  const sibling = search!.branches.find(({ fate, parent }) => fate === "pruned" && parent !== null && tree.isReturned(parent))!;
  tree.pick(sibling);
  assert.equal(tree.at.value, sibling);
  assert.equal(state.steps.value[state.index.value]!.t, search!.steps[sibling.step]!.t, "the distribution that it comes from");
  state.select(0);
  assert.equal(tree.picked.value, null);
});

test("a link opens the same branch, filter and length_penalty", () => {
  const trace = new Trace(beamTrace(settings[1]!));
  const first = new State(trace, ["butterfly"], "");
  const lost = trace.runs[0]!.search!.branches.findLast(({ fate }) => fate === "pruned")!;
  first.tree.pick(lost);
  first.tree.show.value = "ended";
  first.tree.rank(-0.35);
  const second = new State(trace, ["butterfly"], first.link.value);
  assert.equal(second.tree.at.value, lost);
  assert.equal(second.tree.show.value, "ended");
  assert.equal(second.tree.lengthPenalty.value, -0.35);
  first.tree.rank(1);
  assert.equal(first.tree.lengthPenalty.value, null, "the run's own is no change");
  for (const hash of ["#pick=99.1&tree=x&length_penalty=", "#pick=&length_penalty=NaN", "#pick=1e9.-1&length_penalty=1e999", "#pick=0.99"]) {
    const state = new State(trace, ["butterfly"], hash);
    assert.equal(state.tree.lengthPenalty.value, null);
    assert.equal(state.tree.show.value, "all");
    assert.equal(state.tree.picked.value, null);
  }
});

// By its definition: the likeliest token after the likeliest, as long as the trace lists it.
test("greedy's way ends where it was pruned or fell out, and the best text stays ahead from where it got past it", () => {
  let passed = 0;
  for (const setting of Array.from({ length: 40 }, (_, seed) => ({ beams: 4, steps: 10, end: 0.3, sharp: 1, seed }))) {
    const search = searchOf(setting);
    const best = search.ended[0]!.end;
    const found = overtaking(search, best);
    const path = pathTo(best);
    if (found === null) {
      assert.ok(path.every((branch) => (branch.parent?.children ?? search.roots).every((other) => other.logP <= branch.logP)));
      continue;
    }
    const { way, at, lead } = found;
    way.forEach((branch, i) => {
      assert.equal(branch.parent, way[i - 1] ?? null);
      assert.ok((branch.parent?.children ?? search.roots).every((other) => other.logP <= branch.logP));
    });
    const known = Math.min(way.length, path.length);
    assert.equal(lead, path[known - 1]!.score - way[known - 1]!.score);
    if (at === null) continue;
    ++passed;
    const from = path.indexOf(at);
    for (let i = from; i < known; ++i) assert.ok(path[i]!.score > way[i]!.score);
    if (from > 0) assert.ok(path[from - 1]!.score <= way[from - 1]!.score);
  }
  assert.ok(passed > 5, `${passed}`);
});

test("the words of an edge have room for the blank in front of them, too", () => {
  const { search } = treeOf("a b<a c<a", "b");
  const drawn = layout(search, everything);
  drawn.straights.forEach((straight, i) => {
    const blank = { ...straight, branches: straight.branches.map((branch) => ({ ...branch, token: { ...branch.token, text: " word", bytes: "20776f7264" } })) };
    const [plain] = wantedBy({ ...drawn, straights: [straight] }, new Set());
    const [wide] = wantedBy({ ...drawn, straights: [blank] }, new Set());
    assert.equal(wide!.pixels - plain!.pixels, 8 * (edgeText(blank, new Set()).length - edgeText(straight, new Set()).length), `edge ${i}`);
  });
});

test("the tree's probabilities are the model's, whatever earlier groups took off", () => {
  const { named } = treeOf("a", "a");
  const free = chance(named.a!);
  assert.ok(Math.abs(chance({ ...named.a!, logP: named.a!.logP - 2, penalty: 2 }) - free) < 1e-12);
});
