import assert from "node:assert/strict";
import { test } from "node:test";
import { readSpeculation } from "../../src/data/speculation.ts";
import { Trace } from "../../src/data/trace.ts";
import { roundsOf, sumsOf } from "../../src/speculation/rounds.ts";
import { refused, roundSentence, speculationSentence, speculationTable } from "../../src/speculation/words.ts";
import { State } from "../../src/state.ts";
import { fixture } from "../support/fixtures.ts";
import { lookupTrace, rejectionTrace, rounds, words } from "../support/speculation.ts";

const views = ["speculative", "butterfly", "columns", "numbers"];
const stepsOf = (trace: string) => new Trace(trace).runs[0]!.sequences[0]!;

test("rounds are those that were written", () => {
  const found = roundsOf(stepsOf(lookupTrace()));
  assert.deepEqual(
    found.map(({ guesses, length, drafter }) => [guesses, length, drafter]),
    rounds.map(({ guesses, places }) => [guesses, places.length, places[0]!.plain ? null : "prompt_lookup"]),
  );
  assert.deepEqual(found.map(({ first }) => first), [0, 1, 4, 7, 8, 9]);
  assert.deepEqual(found.map(({ kept }) => kept), [0, 2, 2, 0, 0, 1]);
  assert.deepEqual(sumsOf(found), { rounds: 6, guesses: 16, kept: 5, saved: 5 });
});

test("a round that begins where the one before it ended has its own guesses", () => {
  const steps = stepsOf(lookupTrace()).slice(1, 7);
  assert.deepEqual(roundsOf(steps).map(({ first, length }) => [first, length]), [[0, 3], [3, 3]]);
});

test("without the number of guesses those that are told are counted", () => {
  const trace = lookupTrace().replaceAll(/"guesses":\d+,/g, "");
  assert.deepEqual(roundsOf(stepsOf(trace)).map(({ guesses }) => guesses), [0, 3, 2, 2, 0, 1]);
});

test("verdicts: by race another token stands in place of a guess, else it is drawn anew", () => {
  const verdicts = (trace: string) => stepsOf(trace).map(({ speculative }) => speculative?.verdict ?? "plain");
  const expected = ["plain", "accepted", "accepted", "rejected", "accepted", "accepted", "bonus", "rejected", "plain", "accepted", "bonus"];
  assert.deepEqual(verdicts(lookupTrace()), expected);
  assert.deepEqual(verdicts(rejectionTrace()), expected.map((each) => (each === "rejected" ? "resampled" : each)));
});

test("records without guesses, or with something else in their place, have none", () => {
  assert.equal(readSpeculation(undefined), null);
  assert.equal(readSpeculation(null), null);
  const odd = readSpeculation({ drafted: 3, verdict: 7, source: "x" })!;
  assert.deepEqual([odd.drafted, odd.verdict, odd.source, odd.guesses, odd.depth], [[], "rejected", null, null, 0]);
});

test("the page opens at the first guess that was not kept, coloured by verdicts", () => {
  const state = new State(new Trace(lookupTrace()), views, "");
  assert.deepEqual([state.index.value, state.view.value, state.colorBy.value], [3, "speculative", "guesses"]);
  assert.equal(state.speculation.here.value, 1);
  state.select(8);
  assert.equal(state.speculation.here.value, 4);
  const linked = new State(new Trace(lookupTrace()), views, "#token=6&view=numbers");
  assert.deepEqual([linked.index.value, linked.view.value], [1, "numbers"]);
  const plain = new State(new Trace(fixture("two_runs")), views, "");
  assert.deepEqual([plain.view.value, plain.colorBy.value, plain.speculation.exists.value], ["butterfly", "probability", false]);
});

test("words", () => {
  const at = (trace: string, i: number) => stepsOf(trace)[i]!;
  const said = (trace: string, i: number) => speculationSentence(at(trace, i).speculative!, at(trace, i).token.id);
  assert.equal(said(lookupTrace(), 1), "prompt_lookup had guessed “␣cat”, copied from position 2 of the text: kept, token 1 of its round.");
  assert.equal(said(lookupTrace(), 7), "prompt_lookup had guessed “␣mat”, “↵”: not kept; the model's own token stands in its place (2 guesses), token 1 of its round.");
  assert.match(said(rejectionTrace(), 3), /not kept by rejection; what the guess left was drawn from, token 3 of/);
  assert.match(said(lookupTrace(), 6), /^prompt_lookup had guessed nothing here: token 3 of/);
  assert.equal(roundSentence(2, roundsOf(stepsOf(lookupTrace()))[1]!), "round 2: prompt_lookup guessed 3, 2 kept, 3 tokens");
  assert.equal(refused(at(lookupTrace(), 7).speculative!, words[6]!.id).length, 2);
});

test("the numbers for the clipboard", () => {
  const table = speculationTable(stepsOf(rejectionTrace())[3]!.speculative).split("\n");
  assert.equal(table[0], "id\ttoken\tdrafter\tverify\tdepth\tq\tp\tchance\tkept\tsource position");
  assert.equal(table[1], "3\t␣on\tdraft_model\trejection\t2\t0.5\t0.125\t0.25\tfalse\t");
  assert.equal(speculationTable(null), "");
});

test("the engine's runs: rounds add up, sources hold the token that was copied", () => {
  const [lookup, model] = new Trace(fixture("speculation")).runs;
  for (const run of [lookup!, model!]) {
    const steps = run.sequences[0]!;
    const all = roundsOf(steps);
    assert.equal(all.reduce((sum, { length }) => sum + length, 0), steps.length);
    assert.ok(sumsOf(all).kept > 0 && all.every(({ guesses, kept }) => kept <= guesses));
  }
  const { header, sequences } = lookup!;
  const ids = [...header.promptIds, ...sequences[0]!.map(({ token }) => token.id)];
  const copied = sequences[0]!.filter(({ speculative }) => speculative?.source != null);
  assert.ok(copied.length > 5);
  for (const { token, t, speculative } of copied) {
    assert.ok(speculative!.source! < t);
    assert.equal(ids[speculative!.source!], token.id);
  }
  for (const { speculative } of model!.sequences[0]!) {
    for (const { p, q, chance } of speculative?.drafted ?? []) assert.ok(Math.abs(chance! - Math.min(1, p! / q)) < 1e-12);
  }
});
