import assert from "node:assert/strict";
import { test } from "node:test";
import { Trace } from "../../src/data/trace.ts";
import type { Decision } from "../../src/data/record.ts";
import { replay } from "../../src/sampling/replay.ts";
import { minTokensToKeep, settingsOf, type Settings } from "../../src/sampling/settings.ts";
import { BeyondTrace } from "../../src/sampling/survivors.ts";
import { fixture, lines, record, token } from "../support/fixtures.ts";
import { random } from "../support/random.ts";
import { logitsOf, probabilities, traceOf } from "../support/vocabulary.ts";

const off: Settings = { temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 };

function only(text: string): Decision {
  const trace = new Trace(text);
  return trace.decision(trace.runs[0]!.sequences[0]![0]!);
}

// A whole vocabulary of the given probabilities.
function decisionOf(p: readonly number[], more: object = {}): Decision {
  const top = p.map((each, id) => ({ ...token(id, `w${id}`), logit: Math.fround(Math.log(each)), score: Math.fround(Math.log(each)), p: each, cut_by: null }));
  return only(lines([record(2, token(0, "w0"), [], { top, kept: p.length, ...more })]));
}

const kept = (decision: Decision, settings: Partial<Settings>, least = 1) =>
  replay(decision, { ...off, ...settings }, least).outcomes.flatMap(({ p }, id) => (p > 0 ? [id] : []));

test("2,000 tokens, 50 of them listed: every probability is that of the definition over all of them", () => {
  const next = random(11);
  let known = 0;
  for (let round = 0; round < 200; ++round) {
    const logits = logitsOf(round % 20);
    const decision = only(traceOf(logits));
    const settings: Settings = {
      temperature: 0.2 + 1.6 * next(),
      top_k: next() < 0.5 ? 0 : 1 + Math.floor(50 * next()),
      top_p: next() < 0.5 ? 1 : 0.05 + 0.9 * next(),
      min_p: next() < 0.5 ? 0 : next(),
      typical_p: next() < 0.5 ? 1 : 0.05 + 0.9 * next(),
    };
    const expected = probabilities(logits, settings);
    let found;
    try {
      found = replay(decision, settings);
    } catch (error) {
      assert.ok(error instanceof BeyondTrace);
      continue;
    }
    ++known;
    found.outcomes.forEach(({ p }, i) => {
      assert.ok(Math.abs(p - expected[decision.top[i]!.id]!) < 1e-6, `${JSON.stringify(settings)}: ${p}`);
    });
    assert.equal(found.kept, expected.filter((p) => p > 0).length);
    const bits = expected.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
    assert.ok(Math.abs(found.entropy - bits) < 1e-6);
  }
  assert.ok(known > 160, `${known} of 200 are known`);
});

test("one step of the engine under ten settings: each follows from the record of each other", () => {
  const trace = new Trace(fixture("settings"));
  const steps = trace.runs.map(({ header, sequences }) => ({
    settings: settingsOf(header),
    least: minTokensToKeep(header),
    penalty: header.options.repetition_penalty,
    decision: trace.decision(sequences[0]![0]!),
  }));
  let compared = 0;
  for (const from of steps) {
    for (const to of steps) {
      if (from.penalty !== to.penalty) continue;
      const found = replay(from.decision, to.settings, to.least);
      assert.equal(found.kept, to.decision.kept);
      assert.ok(Math.abs(found.entropy - to.decision.entropy) < 1e-6, `entropy ${found.entropy} ${to.decision.entropy}`);
      const expected = new Map(to.decision.top.map((each) => [each.id, each]));
      found.outcomes.forEach(({ p, score, cutBy }, i) => {
        const other = expected.get(from.decision.top[i]!.id);
        if (!other) return;
        ++compared;
        assert.ok(Math.abs(p - other.p) < 1e-6, `${p} is not ${other.p}`);
        assert.equal(cutBy, other.cutBy);
        assert.equal(score, score === -Infinity ? other.score : Math.fround(other.score));
      });
    }
  }
  assert.ok(compared > 6000, `${compared} compared`);
});

test("boundaries: exact halves and quarters", () => {
  const dyadic = decisionOf([0.5, 0.25, 0.125, 0.125]);
  assert.deepEqual(kept(dyadic, { top_p: 0.75 }), [0, 1]);
  assert.deepEqual(kept(dyadic, { top_p: 0.76 }), [0, 1, 2]);
  assert.deepEqual(kept(dyadic, { top_p: 0.5 }), [0]);
  assert.deepEqual(kept(dyadic, { top_p: 0 }), [0]);
  assert.deepEqual(kept(dyadic, { min_p: 0.5 }), [0, 1]);
  assert.deepEqual(kept(dyadic, { min_p: 0.51 }), [0]);
  assert.deepEqual(kept(dyadic, { min_p: 1 }), [0]);
  assert.deepEqual(kept(dyadic, { top_k: 3 }), [0, 1, 2, 3], "the fourth ties with the third");
  assert.deepEqual(kept(dyadic, { top_k: 4 }), [0, 1, 2, 3]);
  assert.deepEqual(kept(dyadic, { top_k: 100 }), [0, 1, 2, 3]);
});

test("typical_p keeps what is nearest to the entropy, on either side", () => {
  // Surprise 1, 2, 3, 3 bits, entropy 1.75: distances 0.75, 0.25, 1.25, 1.25.
  const dyadic = decisionOf([0.5, 0.25, 0.125, 0.125]);
  assert.deepEqual(kept(dyadic, { typical_p: 0.2 }), [1]);
  assert.deepEqual(kept(dyadic, { typical_p: 0.25 }), [1]);
  assert.deepEqual(kept(dyadic, { typical_p: 0.26 }), [0, 1]);
  assert.deepEqual(kept(dyadic, { typical_p: 0.76 }), [0, 1, 2, 3], "the last two tie");
});

test("cuts renormalise one after the other", () => {
  const decision = decisionOf([0.4, 0.3, 0.2, 0.1]);
  assert.deepEqual(kept(decision, { top_k: 2, top_p: 0.6 }), [0, 1]);
  assert.deepEqual(kept(decision, { top_p: 0.4 }), [0]);
  assert.deepEqual(kept(decision, { top_k: 2, top_p: 0.55 }), [0]);
});

test("min_tokens_to_keep holds for every cut", () => {
  const decision = decisionOf([0.6, 0.25, 0.1, 0.05]);
  for (const cut of [{ top_k: 1 }, { top_p: 0.1 }, { min_p: 0.9 }]) assert.deepEqual(kept(decision, cut, 2), [0, 1]);
  assert.equal(kept(decision, { typical_p: 0.01 }, 3).length, 3);
});

test("temperature 0 is greedy, a tiny one does not overflow", () => {
  const decision = decisionOf([0.5, 0.3, 0.2]);
  assert.deepEqual(kept(decision, { temperature: 0 }), [0]);
  assert.equal(replay(decision, { ...off, temperature: 0 }).entropy, 0);
  const tiny = replay(decision, { ...off, temperature: 1e-40 }).outcomes;
  assert.deepEqual(tiny.map(({ p }) => p), [1, 0, 0]);
});

test("banned tokens stay banned, penalised ones keep their place", () => {
  const base = decisionOf([0.5, 0.3, 0.2]);
  const top = base.top.map((each, i) => ({ ...each, cut_by: i === 0 ? "bad_words" : null, score: i === 0 ? null : each.score }));
  const json = top.map(({ cutBy, base: _, ...each }, i) => ({ ...each, ...(i === 0 ? { base: null } : {}), ...(i === 1 ? { base: -3 } : {}) }));
  const decision = only(lines([record(2, token(1, "w1"), [], { top: json, kept: 2 })]));
  const { outcomes } = replay(decision, off);
  assert.equal(outcomes[0]!.p, 0);
  assert.equal(outcomes[0]!.cutBy, "bad_words");
  const ratio = Math.exp(-3) / 0.2;
  assert.ok(Math.abs(outcomes[1]!.p - ratio / (1 + ratio)) < 1e-6);
});

test("what the record cannot know is said, not guessed", () => {
  const decision = only(traceOf(logitsOf(3)));
  const unknown: Partial<Settings>[] = [{ top_k: 51 }, { top_p: 0.9999 }, { min_p: 1e-9 }, { temperature: 2.5, typical_p: 0.9 }];
  for (const settings of unknown) assert.throws(() => replay(decision, { ...off, ...settings }), BeyondTrace);
  assert.equal(replay(decision, { ...off, top_k: 50 }).kept, 50);
  assert.equal(replay(decision, { ...off, top_k: 2000 }).kept, 2000);
});

test("a trace without a tail: cuts to listed tokens are exact, the rest is refused", () => {
  const whole = only(traceOf(logitsOf(4)));
  const decision: Decision = { ...whole, tail: null };
  assert.throws(() => replay(decision, off), BeyondTrace);
  assert.throws(() => replay(decision, { ...off, top_p: 0.5 }), BeyondTrace);
  const settings = { ...off, temperature: 0.7, top_k: 20, top_p: 0.9 };
  assert.deepEqual(replay(decision, settings).outcomes, replay(whole, settings).outcomes);
});

test("where the record lists only what reordering processors left, no rank is certain", () => {
  const whole = only(traceOf(logitsOf(5)));
  const decision: Decision = { ...whole, kept: 300, stages: [{ name: "typical_p", kept: 300, removedMass: 0.5 }] };
  assert.throws(() => replay(decision, { ...off, top_k: 5 }), BeyondTrace);
  assert.equal(replay(whole, { ...off, top_k: 5 }).kept, 5);
});
