import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, plainText } from "../../src/data/plain.ts";
import { sentence } from "../../src/data/options.ts";
import { searchFigures } from "../../src/data/overview.ts";
import { pathTo, type Branch } from "../../src/data/search.ts";
import { Trace } from "../../src/data/trace.ts";
import { fateWords } from "../../src/tree/words.ts";
import { branchTable } from "../../src/tree/table.ts";
import { beamTrace, hostile, promptLength } from "../support/beams.ts";
import { lines, rawToken, record, token } from "../support/fixtures.ts";

const candidate = (node: number | null, parent: number, more: object = {}) => ({
  node,
  parent,
  group: 0,
  rank: 0,
  token: token(7, "x"),
  log_p: -1,
  score: -1,
  fate: node === null ? "pruned" : "kept",
  reason: node === null ? "rank" : null,
  ...more,
});
const step = (t: number, candidates: object[]) => ({ schema: 2, search: { t, seconds: 0.1 * t, candidates } });
const searchOf = (records: object[]) => new Trace(lines(records, { model: "m", strategy: "beam", options: {} })).runs[0]!.search!;

test("a search: the scores of every branch are those of its path, every parent is one step older", () => {
  const { search, sequences } = new Trace(beamTrace({ beams: 4, steps: 12, end: 0.5 })).runs[0]!;
  assert.equal(search!.steps.length, 12);
  for (const branch of search!.branches) {
    const sum = pathTo(branch).reduce((total, { logP }) => total + logP, 0);
    assert.ok(Math.abs(sum - branch.score) < 1e-9);
    assert.equal(branch.depth, branch.step + 1);
    assert.ok((branch.node === null) === (branch.fate === "pruned"));
    assert.ok(branch.parent === null || branch.parent.children.includes(branch));
  }
  const kept = search!.branches.filter(({ fate }) => fate === "kept");
  assert.ok(kept.every(({ lane, step }) => lane !== null && lane < 4 && search!.steps[step]!.t === promptLength + step));
  for (const { sequence, end } of search!.ended) {
    if (sequence === null) continue;
    assert.deepEqual(pathTo(end).map(({ token }) => token.id), sequences[sequence]!.map(({ token }) => token.id));
  }
});

test("runs with and without a search stand in one page; traces without search lines have none", () => {
  const plain = lines([record(2, token(1, "a"))]);
  const { runs, unreadable } = new Trace(plain + beamTrace({ beams: 2, steps: 3 }) + plain);
  assert.deepEqual(runs.map(({ search }) => search === null), [true, false, true]);
  assert.equal(runs[1]!.sequences.length, 2);
  assert.equal(unreadable, 0);
});

test("damaged trees: unknown parents, nodes told twice, continued ends and circles are left out", () => {
  const search = searchOf([
    step(2, [candidate(1, 0), candidate(1, 0), candidate(2, 9), candidate(3, 3), candidate(4, 1), candidate(5, 0, { fate: "finished" })]),
    step(3, [candidate(6, 1), candidate(7, 5), candidate(null, 6), candidate(null, -1), { node: "8", parent: "1" }]),
  ]);
  assert.deepEqual(search.branches.map(({ node, depth }) => [node, depth]), [[1, 1], [5, 1], [6, 2]]);
  assert.equal(searchOf([step(2, [candidate(1, 0)]), { finished: [{ node: 9 }, { node: 1 }, null] }]).ended.length, 1);
  assert.equal(new Trace(lines([step(2, [])])).runs[0]!.search, null);
});

test("a search that was cut short has the texts that had ended", () => {
  const short = searchOf([
    step(2, [candidate(1, 0), candidate(2, 0, { fate: "finished", finish: "stop", normalized: -2, length: 1 }), candidate(3, 0, { fate: "finished", normalized: -1 })]),
  ]);
  assert.deepEqual(short.ended.map(({ end, sequence }) => [end.node, sequence]), [[3, null], [2, null]]);
  assert.deepEqual(searchFigures(short), { rate: null, kept: 1, ended: 2, returned: 0 });
});

test("every reason in words, of any search", () => {
  const said = (setting: Parameters<typeof beamTrace>[0]) => {
    const { search } = new Trace(beamTrace(setting)).runs[0]!;
    return search!.branches.map((branch) => fateWords(branch, search!)).join("\n");
  };
  assert.match(said({ beams: 6, groups: 3, penalty: 1.5, steps: 10 }), /pruned: the diversity penalty cost it its place \(1\.50 subtracted\)/);
  const forced = said({ beams: 4, steps: 12, forced: [31, 36], end: 3 });
  assert.match(forced, /displaced by one that is further in the forced words/);
  assert.match(forced, /ended before the forced words were there/);
  const free = said({ beams: 4, steps: 12, end: 2 });
  for (const words of ["others were better", "not among the best of its step", "kept, place 1", "then none of its continuations"]) assert.match(free, new RegExp(words));
  const open = searchOf([step(2, [candidate(1, 0, { lane: 0 }), candidate(null, 0, { reason: "toString" }), candidate(null, 0, { reason: null })])]);
  assert.deepEqual(open.branches.map((branch) => fateWords(branch, open)), [
    "kept, place 1; still open when the search ended",
    "pruned: toString",
    "pruned: no reason recorded",
  ]);
});

test("texts of several tokens: characters are put together again, hostile ones are made visible", () => {
  assert.equal(plainText([rawToken(1, "f09f"), rawToken(2, "9880"), token(3, " a\n")]), "😀 a↵");
  assert.equal(plainText([token(1, "a"), { id: 2, bytes: "", text: "", piece: "<end>" }, rawToken(3, "f0")]), "a<end>f0");
  assert.equal(endOf([token(1, "abc"), token(2, "def")], 4), "…cdef");
  assert.equal(endOf([token(1, "abc")], 4), "abc");
  assert.doesNotMatch(plainText(hostile.map((text, i) => token(i, text))), /[\u0000-\u001f\u202a-\u202e\ufffe]/);
});

test("all numbers of the tree as tab-separated lines", () => {
  const { search } = new Trace(beamTrace({ beams: 3, steps: 4 })).runs[0]!;
  const [head, ...rows] = branchTable(search!).slice(0, -1).split("\n").map((line) => line.split("\t"));
  assert.equal(rows.length, search!.branches.length);
  assert.ok(rows.every((row) => row.length === head!.length));
  const column = (name: string, branch: Branch) => rows[branch.id]![head!.indexOf(name)];
  for (const branch of search!.branches) assert.equal(Number(column("score (nats)", branch)), branch.score);
});

test("the sentence of a search", () => {
  const say = (strategy: string, options: object) =>
    sentence(new Trace(lines([step(2, [candidate(1, 0)])], { model: "toy", strategy, options })).runs[0]!.header);
  const neutral = { length_penalty: 1, early_stopping: "false", normalize: "generated", diversity_penalty: 0, force_words: [], num_beam_groups: 1, temperature: 1, seed: 3 };
  assert.equal(say("beam", { ...neutral, num_beams: 4 }), "Searched with 4 beams by toy.");
  assert.equal(say("beam", { ...neutral, num_beams: 4, length_penalty: -0.5, early_stopping: "never" }), "Searched with 4 beams by toy with length_penalty -0.5 and early_stopping never.");
  assert.equal(say("diverse_beam", { ...neutral, num_beams: 6, num_beam_groups: 3, diversity_penalty: 0.5 }), "Searched with 6 beams in 3 groups by toy with diversity_penalty 0.5.");
  assert.equal(say("beam_sample", { ...neutral, num_beams: 2 }), "Sampled with 2 beams by toy, seed 3.");
  assert.equal(say("toString", {}), "Decoded with toString by toy.");
});
