import assert from "node:assert/strict";
import { test } from "node:test";
import { aligned } from "../../src/compare/align.ts";
import { stretches, type Stretch } from "../../src/compare/marks.ts";
import { differing, optionText, settingSentence } from "../../src/compare/options.ts";
import { readComparison } from "../../src/data/comparison.ts";
import { kindOf } from "../../src/data/kind.ts";
import { mean } from "../../src/data/metrics.ts";
import { fixture } from "../support/fixtures.ts";

// "a b " is common; "a b c d", "a b x a b" and "a b c e"; one failed.
const small = readComparison(
  JSON.stringify({
    settings: ["one", "two", "three", "four"].map((label) => ({ label })),
    prompts: [
      {
        common: { tokens: 2 },
        texts: [
          { ids: [1, 2, 3, 4], pieces: ["a ", "b ", "c ", "d"], repeated: [] },
          { ids: [1, 2, 5, 1, 2], pieces: ["a ", "b ", "x ", "a ", "b"], repeated: [[3, 5]] },
          { ids: [1, 2, 3, 6], pieces: ["a ", "b ", "c ", "e"], repeated: [] },
          { error: "broken" },
        ],
      },
    ],
  }),
);
const prompt = small.prompts[0]!;

function signs(found: readonly Stretch[]): string {
  return found.map(({ text, shared, parts, repeated }) => `${shared ? "(" : parts ? "[" : repeated ? "_" : ""}${text}`).join("|");
}

test("against all others: what all begin with, where they part, what repeats", () => {
  assert.equal(signs(stretches(prompt, 0, null)), "(a b |[c |[d", "where it leaves the third as well");
  assert.equal(signs(stretches(prompt, 1, null)), "(a b |[x |_a b");
});

test("against another one: as long as those two agree", () => {
  assert.equal(signs(stretches(prompt, 2, 0)), "(a b c |[e");
  assert.equal(signs(stretches(prompt, 1, 0)), "(a b |[x |_a b");
  assert.equal(signs(stretches(prompt, 0, 0)), "a b c d", "a text does not part from itself");
  assert.equal(signs(stretches(prompt, 0, 3)), "[a |b c d", "with one that failed it shares nothing");
});

test("what both have again behind where they part", () => {
  assert.deepEqual([...aligned([1, 2, 3, 4], [9, 2, 4, 8])], [1, 3]);
  assert.deepEqual([...aligned([], [1])], []);
  const text = (ids: number[]) => ({ ids, pieces: ids.map(String), error: null, repeats: () => false, values: [] });
  const two = { prompt: "", common: 1, texts: [text([1, 2, 3, 4]), text([1, 5, 3, 4])] };
  assert.deepEqual(stretches(two, 1, 0).map(({ text, again, parts }) => [text, again, parts]), [["1", false, false], ["5", false, true], ["34", true, false]]);
});

test("traces of a page, each behind whose it is", () => {
  const line = JSON.stringify({ settings: [{ label: "a" }], prompts: [] });
  const { traces } = readComparison(`${line}\n{"cell":[0,0]}\n{"x":1}\n{"y":2}\n{"cell":[1,0]}\n{"z":3}\n`);
  assert.deepEqual([...traces], [["0 0", '{"x":1}\n{"y":2}\n'], ["1 0", '{"z":3}\n']]);
});

test("a text that is the beginning of another ends without parting; a character of several tokens stays whole", () => {
  const text = (ids: number[], pieces: string[]) => ({ ids, pieces, error: null, repeats: () => false, values: [] });
  const texts = [text([1, 2, 3], ["a", "", "🌊"]), text([1], ["a"]), text([1, 2, 4], ["a", "", "🌋"])];
  const cut = { prompt: "", common: 1, texts };
  assert.equal(signs(stretches(cut, 1, 0)), "(a");
  assert.equal(signs(stretches(cut, 0, 1)), "(a|[🌊");
  assert.equal(signs(stretches(cut, 2, 0)), "(a|[🌋", "the shared half of the character shows nothing");
  assert.equal(signs(stretches({ prompt: "", common: 0, texts: [texts[0]!] }, 0, null)), "a🌊", "a single text parts from none");
});

test("what the engine writes is read: metrics, texts whose pieces are the text, the failure", () => {
  const comparison = readComparison(fixture("comparison"));
  assert.equal(kindOf(fixture("comparison")), "comparison");
  assert.deepEqual(comparison.settings.map(({ label }) => label), ["greedy", "beams", "sampled", "impossible"]);
  assert.deepEqual([comparison.prompts.length, comparison.metrics.length, comparison.ngram], [2, 12, 4]);
  const json = JSON.parse(fixture("comparison"));
  comparison.prompts.forEach((prompt, i) => {
    prompt.texts.forEach(({ pieces, error, values }, k) => {
      const own = json.prompts[i].texts[k];
      assert.equal(error, own.error ?? null);
      if (error !== null) return;
      assert.equal(pieces.join(""), own.text);
      assert.equal(values[0], own.metrics.tokens);
      assert.equal(values[11], own.time.tokens_per_second);
      const found = stretches(prompt, k, null);
      assert.equal(found.filter(({ shared }) => shared).map(({ text }) => text).join(""), json.prompts[i].common.text);
    });
  });
  const beams = comparison.prompts.map(({ texts }) => texts[1]!.values);
  comparison.settings[1]!.means.forEach((value, i) => assert.ok(Math.abs(value! - mean(beams, 12)[i]!) < 1e-9));
});

test("settings in words", () => {
  const { settings, model } = readComparison(fixture("comparison"));
  assert.equal(settingSentence(settings[0]!, model), "Chosen greedily by smollm2-f32.");
  assert.match(settingSentence(settings[1]!, model), /^Searched with 3 beams by smollm2-f32/);
  assert.match(settingSentence(settings[2]!, model), /temperature 1\.2.*, seed 3\.$/);
  const alone = { ...settings[0]!, alone: true, options: { amateur: "self:q4_0" } };
  assert.equal(settingSentence(alone, model), "Chosen greedily by the amateur self:q4_0 alone.");
  assert.deepEqual(differing(settings).filter((name) => name === "num_beams" || name === "max_new_tokens"), ["num_beams"]);
  assert.deepEqual([optionText(null), optionText([]), optionText("\u202e"), optionText([1, 2])], ["–", "–", "⟨U+202E⟩", "[1,2]"]);
});

test("anything is read as something", () => {
  for (const odd of ["", "{}", "[]", '{"settings":[1],"prompts":[{"texts":[null,{"pieces":[1],"repeated":[3,[1]],"ids":"x"}]}],"metrics":[{"decimals":-4}]}']) {
    const { prompts } = readComparison(odd);
    for (const each of prompts) each.texts.forEach((_, k) => stretches(each, k, null));
  }
});
