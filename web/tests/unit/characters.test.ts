import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "../../src/data/bytes.ts";
import { group } from "../../src/data/characters.ts";
import { stretches } from "../../src/data/utf8.ts";
import { random } from "../support/random.ts";

const groups = (...tokens: string[]) => group(tokens.map(fromHex)).map(({ first, last, text }) => [first, last, text]);
const shown = (hex: string) =>
  stretches(fromHex(hex)).map((stretch) => ("text" in stretch ? stretch.text : Buffer.from(stretch.bytes).toString("hex")));

test("tokens that are characters stand alone", () => {
  assert.deepEqual(groups("61", "c3a9", "20e382af"), [
    [0, 0, "a"],
    [1, 1, "é"],
    [2, 2, " ク"],
  ]);
});

test("parts of a character are joined, two or four of them, and with the blank before", () => {
  assert.deepEqual(groups("e291", "a0", "61"), [
    [0, 1, "①"],
    [2, 2, "a"],
  ]);
  assert.deepEqual(groups("f0", "9f", "98", "80"), [[0, 3, "😀"]]);
  assert.deepEqual(groups("20f09f", "9880"), [[0, 1, " 😀"]]);
});

test("a token that ends one character and begins the next joins both", () => {
  assert.deepEqual(groups("e3", "8182e3", "8183"), [[0, 2, "あぃ"]]);
});

test("what is never finished stays bytes, and does not swallow the next token", () => {
  assert.deepEqual(groups("e291", "61"), [
    [0, 0, null],
    [1, 1, "a"],
  ]);
  assert.deepEqual(groups("61", "e2"), [
    [0, 0, "a"],
    [1, 1, null],
  ]);
  assert.deepEqual(groups("a0", "a0"), [
    [0, 0, null],
    [1, 1, null],
  ]);
});

test("tokens without bytes are texts of length 0 and do not join across", () => {
  assert.deepEqual(groups("", "61"), [
    [0, 0, ""],
    [1, 1, "a"],
  ]);
  assert.deepEqual(groups("e2", "", "91a0"), [
    [0, 0, null],
    [1, 1, ""],
    [2, 2, null],
  ]);
});

test("overlong forms, surrogates and numbers above U+10FFFF are bytes", () => {
  assert.deepEqual(shown("c080"), ["c080"]);
  assert.deepEqual(shown("eda080"), ["eda080"]);
  assert.deepEqual(shown("f4908080"), ["f4908080"]);
  assert.deepEqual(shown("61ff62"), ["a", "ff", "b"]);
  assert.deepEqual(shown("efbbbf61"), ["\ufeffa"]);
});

test("any text cut anywhere comes together again", () => {
  const next = random(1);
  for (let round = 0; round < 500; ++round) {
    const text = Array.from({ length: 6 }, () => Array.from("aé①😀 \n")[Math.floor(next() * 6)]).join("");
    const whole = Buffer.from(text, "utf8");
    const tokens: Uint8Array[] = [];
    for (let at = 0; at < whole.length; ) {
      const end = at + 1 + Math.floor(next() * 3);
      tokens.push(whole.subarray(at, end));
      at = end;
    }
    const joined = group(tokens);
    assert.equal(joined.map((each) => each.text).join(""), text);
    assert.deepEqual(joined.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)), [
      ...tokens.keys(),
    ]);
  }
});
