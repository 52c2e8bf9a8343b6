import assert from "node:assert/strict";
import { test } from "node:test";
import { description, digitsOf, positions, shownLabels, valueScale, type Line } from "../../src/sweep/plot.ts";

const near = (a: number | undefined, b: number, within: number) => assert.ok(Math.abs(a! - b) <= within, `${a} is not ${b}`);
const line = (...values: (number | null)[]): Line => ({ label: "", values });

test("numbers stand where they belong, words evenly, wide ranges logarithmically", () => {
  const even = positions(["0.1", "0.5", "0.9"]);
  near(even[1], 0.5, 1e-9);
  const uneven = positions(["1", "2", "5"]);
  near((uneven[2]! - uneven[1]!) / (uneven[1]! - uneven[0]!), 3, 1e-9);
  near(positions(["1", "10", "100"])[1], 0.5, 1e-9);
  near(positions(["1", "10", "19"])[1], 0.5, 1e-9); // 19 times is not much
  for (const words of [["low", "18,20", "high"], ["1", "", "1000"], ["1", "2", "Infinity"]]) near(positions(words)[1], 0.5, 1e-9);
  assert.deepEqual(positions(["7"]), [0.5]);
  assert.deepEqual(positions(["5", "5"]), [0.5, 0.5]);
  near(positions(["0", "1", "100"])[1], 0.01, 1e-9); // 0 has no logarithm
});

test("ticks are round and span the values; higher is further up", () => {
  const { scale, ticks } = valueScale([line(0, 1, 0.5)], false, 3);
  assert.deepEqual(ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.ok(scale(1) > scale(0.5) && scale(0.5) > scale(0));
  assert.deepEqual(valueScale([line(-5.4), line(-0.7)], false, 3).ticks, [-6, -5, -4, -3, -2, -1, 0]);
});

test("what does not vary stands in the middle of whole steps, and no axis goes below 0 for it", () => {
  assert.deepEqual(valueScale([line(24, 24)], false, 0).ticks, [23, 24, 25]);
  const none = valueScale([line(0, 0)], false, 3);
  assert.equal(none.ticks[0], 0);
  assert.equal(none.scale(0), 0);
  assert.ok(valueScale([line(-3, -3)], false, 3).scale.domain()[0]! < -3);
  for (const nothing of [[], [line(null, null)]]) assert.ok(valueScale(nothing, false, 3).ticks.length >= 2);
});

test("from 0 on request, for both signs", () => {
  assert.deepEqual(valueScale([line(0.92, 0.99)], true, 3).scale.domain(), [0, 1]);
  assert.equal(valueScale([line(-3, -1)], true, 3).scale.domain()[1], 0);
});

test("labels that would cover each other are left out", () => {
  assert.deepEqual(shownLabels(["1", "2", "3"], [10, 12, 100]), [0, 2]);
  assert.deepEqual(shownLabels(["3", "1", "2"], [300, 100, 200]), [1, 2, 0]);
});

test("the numbers in words; what is not there is none", () => {
  assert.equal(description("what it is", ["1", "2", "3"], [line(0, null, 1)], 3), "what it is. 0.000 at 1, none at 2, 1.000 at 3.");
  const two: Line[] = [
    { label: "a", values: [1] },
    { label: "b", values: [-2] },
  ];
  assert.equal(description("d", ["x"], two, 1), "d. a: 1.0 at x. b: −2.0 at x.");
});

test("no two ticks of an axis have one label", () => {
  for (const high of [0.035, 0.04, 1, 3.5, 160]) {
    const { ticks } = valueScale([line(0, high)], false, 3);
    assert.equal(new Set(ticks.map((tick) => tick.toFixed(digitsOf(ticks)))).size, ticks.length, `to ${high}`);
  }
});
