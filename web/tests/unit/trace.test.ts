import assert from "node:assert/strict";
import { test } from "node:test";
import { optionList, sentence } from "../../src/data/options.ts";
import { divergence, figures, firstInteresting } from "../../src/data/overview.ts";
import { readHead } from "../../src/data/record.ts";
import { Trace } from "../../src/data/trace.ts";
import { fixture, header, lines, record, token } from "../support/fixtures.ts";

test("a trace of the engine: runs, sequences, candidates", () => {
  const trace = new Trace(fixture("two_runs"));
  assert.deepEqual(
    trace.runs.map(({ header: { label, model, strategy } }) => [label, model, strategy]),
    [
      ["careful", "smollm2-f32", "sample"],
      ["daring", "smollm2-f32", "sample"],
    ],
  );
  const step = trace.runs[1]!.sequences[0]![3]!;
  const decision = trace.decision(step);
  assert.equal(decision.top.length, 50);
  assert.equal(decision.tail?.logit.length, 16);
  assert.equal(decision.token.id, step.token.id);
  assert.equal(new Trace(fixture("answers")).runs[0]!.sequences.length, 3);
});

test("the head of a record, read without its candidates, is that of the whole record", () => {
  for (const name of ["two_runs", "characters", "answers", "settings"]) {
    const text = fixture(name);
    const trace = new Trace(text);
    for (const step of trace.runs.flatMap(({ sequences }) => sequences.flat())) {
      const { top, tail } = trace.decision(step);
      const { start, end, ...read } = step;
      const head = readHead(JSON.parse(text.slice(start, end)));
      assert.deepEqual(read, head);
      assert.ok(top.length > 0 && tail !== null && end > start && step.seconds !== null);
    }
  }
});

test("tokens that look like the trace's own syntax", () => {
  for (const text of [',"top":[', '}],"top":[{', '"}]', "\\", '\\",\\"top\\":[']) {
    const tail = { finish: text };
    const trace = new Trace(lines([record(2, token(1, text), [token(2, text)], tail), record(3, token(3, "b"))]));
    const [first] = trace.runs[0]!.sequences[0]!;
    assert.equal(first!.token.text, text);
    assert.equal(first!.finish, text);
    assert.equal(trace.decision(first!).top[1]!.text, text);
  }
});

test("schema 1, unknown fields and absent ones", () => {
  const { tail, seconds, ...old } = record(2, token(1, "a"), [token(2, "b")], { schema: 1 }) as Record<string, unknown>;
  const trace = new Trace(lines([{ ...old, payload: { a: [1] } }], { model: "m", strategy: "beam", options: {} }));
  const [step] = trace.runs[0]!.sequences[0]!;
  assert.equal(step!.seconds, null);
  assert.equal(trace.decision(step!).tail, null);
  assert.ok(tail !== undefined && seconds !== undefined);
});

test("the race that chose a token: the winner first; none where nothing was drawn, or by the number of old traces", () => {
  const race = [{ ...token(1, "a"), score: -0.25, noise: 1.5 }, { ...token(2, "b"), score: -2, noise: 0.5 }];
  const raceOf = (more: object) => new Trace(lines([record(2, token(1, "a"), [], more)])).runs[0]!.sequences[0]![0]!.race;
  assert.deepEqual(raceOf({ race })!.map(({ id, score, noise }) => [id, score, noise]), [[1, -0.25, 1.5], [2, -2, 0.5]]);
  assert.equal(raceOf({ race: null }), null);
  assert.equal(raceOf({ schema: 2, race: undefined, u: 0.5 }), null);
});

test("lines that are no records are counted, blank ones are not", () => {
  const trace = new Trace("\n" + lines([record(2, token(1, "a"))]) + "{broken\n\n[1]\n");
  assert.equal(trace.runs[0]!.sequences[0]!.length, 1);
  assert.equal(trace.unreadable, 2);
  assert.equal(new Trace("@DATA@").runs.length, 0);
  assert.equal(new Trace("").runs.length, 0);
});

test("the sentence names what was set", () => {
  const say = (strategy: string, options: object) =>
    sentence(new Trace(lines([record(2, token(1, "a"))], { ...header, strategy, options })).runs[0]!.header);
  assert.equal(say("sample", { temperature: 0.8, top_k: 50, top_p: 0.9, seed: 4 }), "Sampled by toy with temperature 0.8, top_k 50 and top_p 0.9, seed 4.");
  assert.equal(say("sample", { temperature: 1, top_k: 0, typical_p: 1 }), "Sampled by toy.");
  assert.equal(say("greedy", { temperature: 0.8, top_k: 50, repetition_penalty: 1.2 }), "Chosen greedily by toy with repetition_penalty 1.2.");
  assert.equal(say("mirror", {}), "Decoded with mirror by toy.");
});

test("figures, and the step to look at first", () => {
  const steps = ["a", "b", "c"].map((text, i) =>
    record(2 + i, token(i, text), [], { entropy: [1, 3, 2][i], entropy_raw: 4, kept: [1, 2, 6][i], seconds: [1, 1.5, 2][i] }),
  );
  const trace = new Trace(lines(steps) + lines([steps[0]!, record(3, token(9, "x")), steps[2]!]));
  assert.deepEqual(figures(trace.runs[0]!, 0), { tokens: 3, tokensPerSecond: 2, entropy: 2, entropyRaw: 4, kept: 3 });
  assert.equal(firstInteresting(trace.runs.slice(0, 1)), 1);
  const [a, b] = trace.runs.map(({ sequences }) => sequences[0]!);
  assert.equal(divergence(a!, b!), 1);
  assert.equal(divergence(a!, a!), null);
  const same = new Trace(lines(steps) + lines([steps[0]!, steps[1]!, record(4, token(9, "x"))]));
  assert.equal(firstInteresting(same.runs), 2);
});

test("a record that is damaged among its candidates still has its head", () => {
  const damaged = lines([record(2, token(1, "a"), [token(2, "b")])]).replace(/("top":.*)"id":2/, '$1"id":');
  const trace = new Trace(damaged);
  const [step] = trace.runs[0]!.sequences[0]!;
  assert.equal(step!.token.text, "a");
  assert.deepEqual(trace.decision(step!).top, []);
});

test("where earlier groups lowered scores, the model's probability is the one that is told", () => {
  const [me, the] = [token(5, " me"), token(6, " the")];
  const top = [{ ...me, logit: 3, base: -2.7, score: -2.7, p: 0.15 }, { ...the, logit: 5, base: -2.7, score: -2.7, p: 0.14 }];
  const lowered = record(2, me, [], { logit: 3, logsumexp: 5.7, p_raw: 0.07, p: 0.15, entropy_raw: 3.4, race: null, rank: 1, stages: [{ name: "diversity_penalty", kept: 2, removed_mass: 0 }], top });
  const trace = new Trace(lines([lowered], { ...header, strategy: "diverse_beam" }));
  const step = trace.runs[0]!.sequences[0]![0]!;
  assert.deepEqual([step.p, step.rank, step.entropy, step.score], [0.07, 2, 3.4, -2.7]);
  assert.deepEqual(trace.decision(step).top.map(({ id }) => id), [6, 5]);
});

test("of all options those that were set are told apart, whatever they are for", () => {
  const options = { seed: 1, max_new_tokens: 40, num_beams: 1, top_k: 50, dry_base: 1.75, include_stop_str_in_output: true, watermark: false, bad_words: [], temperature: 0.8 };
  const set = optionList({ ...new Trace(fixture("answers")).runs[0]!.header, options }).filter(([, , isSet]) => isSet);
  assert.deepEqual(set.map(([name]) => name), ["seed", "max_new_tokens", "temperature"]);
});
