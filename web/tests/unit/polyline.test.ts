import assert from "node:assert/strict";
import { test } from "node:test";
import { polyline } from "../../src/polyline.ts";

test("a line through its points, with a gap where there is none", () => {
  assert.equal(polyline([[0, 1], [2, 3.00049], [-4, 5]]), "M0,1L2,3L-4,5");
  assert.equal(polyline([null, [0, 1], null, null, [2, 3], [4, 5], null]), "M0,1M2,3L4,5");
  assert.equal(polyline([]), "");
});
