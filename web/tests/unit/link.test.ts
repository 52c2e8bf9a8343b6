import assert from "node:assert/strict";
import { test } from "node:test";
import { read, write, type Place } from "../../src/link.ts";
import { State } from "../../src/state.ts";
import { Trace } from "../../src/data/trace.ts";
import { fixture } from "../support/fixtures.ts";

const settings = { temperature: 0.7, top_k: 20, top_p: 0.9, min_p: 0.05, typical_p: 1 };

test("a link says the whole place, and only that", () => {
  const place: Place = { run: 1, sequence: 2, t: 17, view: "columns", settings };
  assert.deepEqual(read(write(place)), place);
  const plain = { ...place, settings: null };
  assert.equal(write(plain), "#run=1&seq=2&token=17&view=columns");
  assert.deepEqual(read(write(plain)), plain);
});

test("damaged links lead to where they can", () => {
  const views = ["butterfly", "columns"];
  const trace = new Trace(fixture("two_runs"));
  for (const hash of ["", "#", "#run=9&seq=-1&token=x&view=none", "#token=1e99&temperature=NaN", "#%E0%A4%A", "#run=0.5"]) {
    const state = new State(trace, views, hash);
    assert.equal(state.run.value, 0);
    assert.equal(state.view.value, "butterfly");
    assert.equal(state.changed.value, null);
    assert.ok(state.decision.value.top.length > 0);
  }
});

test("a link opens its token with its settings", () => {
  const trace = new Trace(fixture("two_runs"));
  const state = new State(trace, ["butterfly", "columns"], write({ run: 1, sequence: 0, t: 9, view: "columns", settings }));
  assert.equal(state.steps.value[state.index.value]!.t, 9);
  assert.equal(state.run.value, 1);
  assert.deepEqual(state.settings.value, settings);
  assert.equal(state.picture.value.wing.label, "with your settings");
  state.change(null);
  assert.equal(state.picture.value.wing.label, "as recorded");
  state.compareWith.value = 0;
  assert.equal(state.picture.value.other?.label, "careful");
  assert.equal(state.parted.value, true);
});
