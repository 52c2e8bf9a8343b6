import assert from "node:assert/strict";
import { test } from "node:test";
import { Trace } from "../../src/data/trace.ts";
import { noise, philox } from "../../src/sampling/noise.ts";
import { rewrite, winner } from "../../src/sampling/rewrite.ts";
import { settingsOf } from "../../src/sampling/settings.ts";
import { fixture } from "../support/fixtures.ts";

const trace = new Trace(fixture("races"));
const [warm, hot] = trace.runs.map(({ header, sequences }) => ({
  settings: settingsOf(header),
  seed: header.options.seed as number,
  decisions: sequences[0]!.map((step) => trace.decision(step)),
}));

test("philox: the known answers of its authors", () => {
  assert.deepEqual(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const all = 0xffffffff;
  assert.deepEqual(philox([all, all, all, all], [all, all]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  assert.deepEqual(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]), [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
});

test("the noise of every race that the engine recorded", () => {
  let compared = 0;
  for (const { seed, decisions } of [warm!, hot!]) {
    for (const { race, seq, t } of decisions) {
      for (const entrant of race ?? []) {
        assert.ok(Math.abs(noise({ seed, sequence: seq, position: t }, entrant.id) - entrant.noise) < 1e-9, `token ${entrant.id} at ${t}`);
        ++compared;
      }
    }
  }
  assert.ok(compared > 60, String(compared));
});

test("a text under its own settings stays; at another temperature its first token is what the engine draws there", () => {
  const { decisions, settings, seed } = warm!;
  assert.deepEqual(rewrite(decisions, settings, seed, 1), []);
  const other = winner(decisions[0]!, hot!.settings, seed, 1);
  assert.equal(other!.id, hot!.decisions[0]!.token.id);
  const greedy = rewrite(decisions, { ...settings, temperature: 0 }, seed, 1);
  const expected = decisions.flatMap(({ top, token }, index) => (top[0]!.id === token.id ? [] : [{ index, id: top[0]!.id }]));
  assert.deepEqual(greedy.map(({ index, token }) => ({ index, id: token!.id })), expected);
});

test("what the record lists too few tokens for is not known", () => {
  const { decisions, settings, seed } = warm!;
  assert.equal(winner(decisions[0]!, { ...settings, top_k: 0 }, seed, 1), null, "any token of the vocabulary may win");
  assert.equal(winner(decisions[0]!, { ...settings, top_k: 400 }, seed, 1), null);
});
