import assert from "node:assert/strict";
import { test } from "node:test";
import { traceOfAnswer } from "../../src/data/openai.ts";
import { Trace } from "../../src/data/trace.ts";
import { readBranches, writeBranches } from "../../src/serve/branches.ts";
import { asLlamaCpp, asOpenAi, asTransformers } from "../../src/serve/commands.ts";
import { Live } from "../../src/serve/live.ts";
import { parse } from "../../src/serve/meters.ts";
import { fixture } from "../support/fixtures.ts";
import { presets } from "../../src/serve/strategies.ts";

test("branches go to the address and back; what cannot be is left out", () => {
  const branches = [{ parent: 0, at: 5, id: 284 }, { parent: 1, at: 2, id: 17 }];
  assert.equal(writeBranches(branches), "0.5.284_1.2.17");
  assert.deepEqual(readBranches("0.5.284_1.2.17", 1), branches);
  assert.deepEqual(readBranches("0.5.284_9.2.17_0.1.1", 1), branches.slice(0, 1), "a parent that comes later");
  for (const evil of ["", "x", "0.5", "-1.2.3", "0.1.1e9", "0.1.99999999999"]) assert.deepEqual(readBranches(evil, 1), []);
});

test("metrics: sums over labels, other lines left out", () => {
  const values = parse('# HELP a b\ndecant_cells_used{model="x"} 3\ndecant_cells_used{model="y} z"} 4\ndecant_new_tokens_total 12\nnonsense\n');
  assert.deepEqual([values.get("decant_cells_used"), values.get("decant_new_tokens_total"), values.size], [7, 12, 2]);
});

test("commands of others: what they have, what they have not, nothing that leaves its quotes", () => {
  const body = { model: "m", prompt: "it's", max_tokens: 9, temperature: 0.7, dry_multiplier: 0.8, seed: 3 };
  const llama = asLlamaCpp(body, "it's");
  assert.match(llama, /^llama-completion -m m\.gguf -no-cnv --no-display-prompt -n 9 --temp 0\.7/);
  assert.match(llama, /--dry-penalty-last-n 4096/);
  assert.match(asLlamaCpp({ model: "m", messages: [], repetition_penalty: 1.2, penalty_last_n: 64 }, "x"), /^llama-cli -m m\.gguf -st -n 256 --temp 0 --repeat-penalty 1\.2 --repeat-last-n 64 -p 'x'$/);
  assert.doesNotMatch(asLlamaCpp({ model: "m", penalty_last_n: -1 }, "x"), /last-n/);
  assert.match(llama, /--dry-multiplier 0\.8/);
  assert.ok(llama.includes(`-p 'it'\\''s'`));
  assert.match(asLlamaCpp({ num_beams: 4 }, "x"), /--temp 0 .*# llama-completion has no: num_beams/);
  const python = asTransformers(body, "it's \"so\"");
  assert.match(python, /do_sample=True, temperature=0\.7/);
  assert.match(python, /has no: dry_multiplier/);
  assert.match(asTransformers({ penalty_alpha: 0.6, top_k: 4 }, "x"), /generate\(\*\*inputs, max_new_tokens=256, penalty_alpha=0\.6, top_k=4\)/);
  assert.match(asOpenAi({ model: "m", prompt: "x", num_beams: 4, do_sample: true }, "http://h"), /extra_body=\{"num_beams": 4, "do_sample": True\}/);
});

test("every strategy has a formula, words, settings and an example", () => {
  assert.equal(presets.length, 8);
  for (const { formula, words, example } of presets) assert.ok(formula && words && example.prompt && example.look && example.tokens > 0);
});

const first = { token: " Par", logprob: -0.25, bytes: [32, 80, 97, 114], top_logprobs: [{ token: " Par", logprob: -0.25, bytes: [32, 80, 97, 114] }, { token: " Lyon", logprob: -2, bytes: null }] };
const second = { token: "is", logprob: -3, bytes: [105, 115], top_logprobs: [{ token: "ty", logprob: -0.1, bytes: null }] };

test("log-probabilities of a chat, of the older form, of a stream", () => {
  const chat = { model: "gpt", choices: [{ index: 0, message: {}, logprobs: { content: [first, second] } }] };
  const older = { choices: [{ index: 0, text: " Paris", logprobs: { tokens: [" Par", "is"], token_logprobs: [-0.25, -3], top_logprobs: [{ " Par": -0.25, " Lyon": -2 }, { ty: -0.1 }] } }] };
  const stream = [first, second].map((each) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, logprobs: { content: [each] } }] })}`).join("\n\n") + "\n\ndata: [DONE]\n";
  for (const data of [JSON.stringify(chat, null, 2), JSON.stringify(older), stream]) {
    const trace = new Trace(traceOfAnswer(data)!);
    const steps = trace.runs[0]!.sequences[0]!;
    assert.deepEqual(steps.map(({ token }) => token.text), [" Par", "is"]);
    assert.deepEqual(steps.map(({ rank }) => rank), [1, 2]);
    assert.ok(Math.abs(steps[0]!.p - Math.exp(-0.25)) < 1e-12);
    const { top, tailMass } = trace.decision(steps[1]!);
    assert.deepEqual(top.map(({ text }) => text), ["ty", "is"]);
    assert.ok(Math.abs(tailMass - (1 - Math.exp(-0.1) - Math.exp(-3))) < 1e-12);
  }
  for (const other of ["", "{}", "[1]", '{"choices":[]}', '{"choices":[{"index":0,"logprobs":null}]}', "not json"]) assert.equal(traceOfAnswer(other), null);
});

test("a text that is being written tells of each token what its report will", () => {
  const runs = new Trace(fixture("contrast")).runs;
  const text = fixture("contrast").trim().split("\n").map((line) => JSON.parse(line));
  let run = -1;
  const lives = runs.map(() => new Live());
  for (const each of text) {
    if (each.run !== undefined) ++run;
    lives[run]!.take(each);
  }
  runs.forEach(({ sequences }, i) => assert.deepEqual(lives[i]!.tokens.map(({ p, rank }) => [p, rank]), sequences[0]!.map(({ p, rank }) => [p, rank])));
});
