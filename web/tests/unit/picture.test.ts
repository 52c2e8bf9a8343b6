import assert from "node:assert/strict";
import { test } from "node:test";
import { paragraphs } from "../../src/data/paragraphs.ts";
import { Trace } from "../../src/data/trace.ts";
import { tabSeparated } from "../../src/numbers.ts";
import { picture, recorded, replayed } from "../../src/picture.ts";
import { replay } from "../../src/sampling/replay.ts";
import { lines, record, rawToken, token } from "../support/fixtures.ts";

const off = { temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 };

function decision(more: object = {}) {
  const trace = new Trace(lines([record(2, token(1, "a"), [token(2, "b"), rawToken(3, "e291")], more)]));
  return trace.decision(trace.runs[0]!.sequences[0]![0]!);
}

test("rows by falling probability, the cutoff behind the kept ones, on other settings too", () => {
  const own = decision();
  const before = recorded(own, "as recorded");
  const wing = replayed(own, replay(own, { ...off, top_k: 2 }), "with your settings");
  const { rows, cutoff, other } = picture(own, wing, before, []);
  assert.deepEqual(rows.map(({ token: { id } }) => id), [1, 2, 3]);
  assert.equal(cutoff, 2);
  assert.equal(rows[2]!.cell!.cutBy, "top_k");
  assert.ok(rows[2]!.other!.p > 0);
  assert.equal(rows[1]!.cumulative, 1);
  assert.equal(other, before);
});

test("a chosen token that is not listed has its own row", () => {
  const own = decision({ token: token(9, "z"), p: 0.001, logit: 1.5, kept: 400 });
  const wing = recorded(own, "as recorded");
  const { rows } = picture(own, wing, null, []);
  assert.deepEqual([rows.length, rows[3]!.token.id, rows[3]!.chosen, rows[3]!.cell!.p], [4, 9, true, 0.001]);
});

test("tokens that only the other run keeps are rows too", () => {
  const own = decision();
  const cells = new Map([[7, { score: 1, p: 0.5, cutBy: null, changed: 0 }], [8, { score: -Infinity, p: 0, cutBy: "top_p", changed: 0 }]]);
  const other = { ...recorded(own, "other"), cells };
  const tokens = [token(7, "x"), token(8, "y")];
  const { rows } = picture(own, recorded(own, "own"), other, tokens);
  assert.deepEqual(rows.map(({ token: { id } }) => id), [1, 2, 3, 7]);
  assert.equal(rows[3]!.cell, null);
});

test("copied numbers have every digit, units, and bytes where there is no text", () => {
  const own = decision();
  const table = tabSeparated(picture(own, recorded(own, "own"), null, [])).split("\n").map((line) => line.split("\t"));
  assert.equal(table[0]![5], "probability");
  assert.equal(Number(table[1]![5]), own.top[0]!.p);
  assert.deepEqual(table[3]!.slice(0, 3), ["3", "e291", "e2 91"]);
});

test("long texts fall into paragraphs at line ends, and keep every token", () => {
  const groups = Array.from({ length: 2000 }, (_, i) => ({ first: i, last: i, text: i === 199 ? ".\n" : "a" }));
  const found = paragraphs(groups);
  assert.deepEqual(found.map((each) => each.length), [200, 600, 600, 600]);
  assert.deepEqual(found.flat(), groups);
});
