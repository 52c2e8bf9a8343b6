import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf } from "../../src/data/kind.ts";
import { mean } from "../../src/data/metrics.ts";
import { readSweep, type Axis } from "../../src/data/sweep.ts";
import { describe, directionsOf, matching, namedAxes, places, plotted } from "../../src/sweep/grid.ts";
import { SweepState } from "../../src/sweep/state.ts";
import { firstChoice, front, spots } from "../../src/sweep/front.ts";
import { bestOf, shades } from "../../src/sweep/heat.ts";
import { fixture } from "../support/fixtures.ts";

const sweep = readSweep(fixture("sweep"));
const axes = (...sizes: number[]): Axis[] => sizes.map((size, i) => ({ name: i === 0 ? "setting" : `o${i}`, labels: Array.from({ length: size }, (_, k) => `${i}.${k}`) }));

test("the kind of the data is told by its first line", () => {
  assert.equal(kindOf(fixture("sweep")), "sweep");
  assert.equal(kindOf(fixture("two_runs")), "trace");
  for (const odd of ["", "@DATA@", "null", "{", '{"settings":1,"prompts":[]}', '{"token":{"text":"{\\"sweep\\":1}"}}\n{"sweep":1}']) assert.equal(kindOf(odd), "trace", odd);
});

test("what the engine writes is read; the means are those of the results", () => {
  assert.deepEqual([sweep.model, sweep.file, sweep.points, sweep.prompts, sweep.results, sweep.failed], ["smollm2-f32", "sweep.jsonl", 24, 2, 24, 0]);
  assert.deepEqual(sweep.axes.map(({ name }) => name), ["setting", "penalty_alpha", "top_k", "repetition_penalty"]);
  assert.equal(sweep.means.length, 12);
  assert.equal(sweep.texts.length, 24);
  const results = fixture("sweep").trim().split("\n").map((line) => JSON.parse(line)).filter(({ index }) => index !== undefined);
  sweep.means.forEach((means, combination) => {
    const own = results.slice(2 * combination, 2 * combination + 2);
    const at = places(sweep.axes, combination);
    const grid = Object.values(own[0].grid).map(String);
    assert.deepEqual(sweep.axes.slice(1).map(({ labels }, i) => labels[at[i + 1]!]), grid);
    sweep.metrics.forEach(({ name, isTime }, i) => {
      const values = own.map((result: Record<string, Record<string, number>>) => result[isTime ? "time" : "metrics"]![name]!);
      assert.ok(Math.abs(means[i]! - (values[0]! + values[1]!) / 2) < 1e-9, name);
    });
  });
});

test("combinations: settings slowest, then the options in their order", () => {
  const three = axes(2, 3, 2);
  assert.deepEqual(Array.from({ length: 12 }, (_, i) => places(three, i)).map(String).slice(0, 7), ["0,0,0", "0,0,1", "0,1,0", "0,1,1", "0,2,0", "0,2,1", "1,0,0"]);
  assert.equal(describe(three, 7), "0.1, o1=1.0 o2=2.1");
  assert.equal(describe([{ name: "setting", labels: [""] }, { name: "k", labels: ["\u202e"] }], 0), "k=⟨U+202E⟩");
});

test("what is drawn along x, what has lines, what is named", () => {
  assert.deepEqual(directionsOf(axes(1, 3, 2)), { x: 1, lines: 2 });
  assert.deepEqual(directionsOf(axes(2, 3)), { x: 1, lines: 0 });
  assert.deepEqual(directionsOf(axes(2, 1, 3)), { x: 2, lines: 0 });
  assert.deepEqual(directionsOf(axes(1, 1, 3)), { x: 2, lines: null });
  assert.deepEqual(directionsOf(axes(3)), { x: 0, lines: null });
  assert.deepEqual(directionsOf(axes(3, 1)), { x: 0, lines: null });
  assert.deepEqual(directionsOf(axes(1, 1)), { x: 1, lines: null });
  assert.deepEqual([namedAxes(axes(1, 2)), namedAxes(axes(2, 2)), namedAxes(axes(1))], [[1], [0, 1], [0]]);
});

test("a point of a plot is the mean over all other options; of what is not there, nothing", () => {
  const means = plotted(sweep, { x: 1, lines: 2 });
  const expected = mean([sweep.means[2]!, sweep.means[3]!], 12); // alpha 0.1, top_k 5, both penalties
  assert.deepEqual(means[1]![0], expected);
  assert.deepEqual(plotted(sweep, { x: 1, lines: null })[0]![2], mean(sweep.means.slice(8), 12));
  const begun = { ...sweep, means: sweep.means.slice(0, 1) };
  assert.deepEqual(plotted(begun, { x: 1, lines: 2 })[1]![2], sweep.metrics.map(() => null));
});

test("the state: directions change places, a point lists its combinations, and the link says all of it", () => {
  const state = new SweepState(sweep, "");
  assert.deepEqual([state.x.value, state.lines.value, state.link.value], [1, 2, "#"]);
  assert.equal(state.listed.value.length, 12);
  state.along(2);
  assert.deepEqual([state.x.value, state.lines.value], [2, 1]);
  state.pick(2, 1);
  assert.deepEqual(state.listed.value, [10, 11]);
  assert.deepEqual(matching(sweep, [null, 2, 1, null]), [10, 11]);
  state.limit(3, 0);
  assert.deepEqual(state.listed.value, [10]);
  state.scale.value = "zero";
  const other = new SweepState(sweep, state.link.value);
  assert.deepEqual([other.x.value, other.lines.value, other.scale.value, other.listed.value], [2, 1, "zero", [10]]);
  other.draw(null);
  assert.equal(new SweepState(sweep, other.link.value).lines.value, null);
  other.draw(2);
  assert.equal(other.lines.value, null, "nothing is drawn twice");
  const lost = new SweepState(sweep, "#x=9&lines=-1&at1=7&at2=1e9&scale=odd");
  assert.equal(lost.link.value, "#");
});

test("anything is read as something", () => {
  for (const odd of ["", '{"sweep":1}', '{"sweep":1,"settings":[{}],"grid":{"k":[1,"2"]},"prompts":{"count":0}}\n{"summary":{"metrics":[{}]}}\n{"means":[1]}\n{"means":["x"]}\n{damaged\n{"index":0}']) {
    const found = readSweep(odd);
    if (found.axes[0]!.labels.length > 0) assert.equal(new SweepState(found, "").plotted.value.length, 1);
  }
});

test("the front: what no other combination beats in both, whichever end is better", () => {
  const all = [[0, 1], [0.2, 3], [0.1, 0.5], [0.5, 2.9], [0.2, 3]].map(([x, y], combination) => ({ combination, x: x!, y: y! }));
  assert.deepEqual(front(all, -1, 1).map(({ combination }) => combination), [0, 1, 4], "equals stand side by side");
  assert.deepEqual(front(all, 1, 1).map(({ combination }) => combination), [1, 4, 3]);
  assert.deepEqual(front(all, 0, 1), []);
  const { metrics, means } = readSweep(fixture("sweep"));
  const { x, y } = firstChoice(metrics, means);
  assert.deepEqual([metrics[x]!.name, metrics[y]!.name], ["distinct_1", "log_likelihood"], "nothing repeats in these texts");
  const found = spots(means, x, y);
  const best = front(found, 1, 1);
  for (const spot of found) {
    const beaten = found.some((other) => other.x >= spot.x && other.y >= spot.y && (other.x > spot.x || other.y > spot.y));
    assert.equal(best.includes(spot), !beaten);
  }
});

test("a heat map's shades go from the smallest number to the largest, and the best is where its metric says", () => {
  const values = [0.2, null, 0.6, 1];
  const shade = shades(values);
  assert.deepEqual([0.2, 0.6, 1].map(shade), [0, 4, 8]);
  assert.equal(shades([3, 3])(3), 0);
  assert.deepEqual([bestOf(values, 1), bestOf(values, -1), bestOf(values, 0), bestOf([0.5, null], 1)], [1, 0.2, null, null]);
});
