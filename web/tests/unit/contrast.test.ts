import assert from "node:assert/strict";
import { test } from "node:test";
import { binsOf } from "../../src/contrast/bins.ts";
import { axisWidth, cellAt, gridOf, headHeight, move, rowHeight } from "../../src/contrast/grid.ts";
import { Past } from "../../src/contrast/past.ts";
import { contrastTable, layerTable } from "../../src/contrast/tables.ts";
import { outcome } from "../../src/contrast/unmasked.ts";
import { reigns, scoreAt, winnerAt, type Line } from "../../src/contrast/winner.ts";
import { cellWords, decodingFormula, decodingSentence, dolaSentence, searchSentence } from "../../src/contrast/words.ts";
import { overruled, readContrast, type Contrast } from "../../src/data/contrast.ts";
import { sentence } from "../../src/data/options.ts";
import { Trace } from "../../src/data/trace.ts";
import { State } from "../../src/state.ts";
import { decodingTrace, dolaTrace, searchTrace, type Setting } from "../support/contrast.ts";
import { fixture, lines, record, token } from "../support/fixtures.ts";
import { random } from "../support/random.ts";

const views = ["butterfly", "contrastive_search", "contrastive_decoding", "dola"];
const open = (trace: string, hash = "") => new State(new Trace(trace), views, hash);
const payloads = <K extends Contrast["kind"]>(kind: K, trace: string) => {
  const { contrast } = open(trace);
  return contrast.run.value.map((each) => {
    assert.equal(each?.kind, kind);
    return each as Extract<Contrast, { kind: K }>;
  });
};

function randomLines(next: () => number): Line[] {
  const round = (x: number) => (next() < 0.3 ? Math.round(4 * x) / 4 : x); // with ties
  return Array.from({ length: 1 + Math.floor(8 * next()) }, () => ({ p: round(next()), similarity: round(2 * next() - 1) }));
}

test("who wins at an alpha: the highest (1 - alpha) p - alpha similarity, the first of equals", () => {
  const lines = [{ p: 0.5, similarity: 0.8 }, { p: 0.3, similarity: 0.4 }, { p: 0.1, similarity: 0.1 }, { p: 0.1, similarity: 0.1 }];
  assert.equal(scoreAt(lines[0]!, 0.25), 0.75 * 0.5 - 0.25 * 0.8);
  assert.deepEqual([0, 0.3, 0.35, 0.38, 0.45, 1].map((alpha) => winnerAt(lines, alpha)), [0, 0, 1, 1, 2, 2]);
  assert.deepEqual(reigns(lines).map(({ place }) => place), [0, 1, 2]);
  assert.ok(Math.abs(reigns(lines)[0]!.to - 1 / 3) < 1e-12, "0.5 - 1.3 a = 0.3 - 0.7 a");
  assert.ok(Math.abs(reigns(lines)[1]!.to - 0.4) < 1e-12, "0.3 - 0.7 a = 0.1 - 0.2 a");
  assert.deepEqual(reigns([{ p: 0.5, similarity: 0.5 }]), [{ place: 0, from: 0, to: 1 }]);
  assert.deepEqual(reigns([{ p: 0.4, similarity: 0.9 }, { p: 0.4, similarity: 0.2 }]), [{ place: 1, from: 0, to: 1 }], "equally likely: the less similar one as soon as it counts");
});

test("the reigns are those of a direct search at every alpha", () => {
  const next = random(11);
  for (let i = 0; i < 500; ++i) {
    const lines = randomLines(next);
    const found = reigns(lines);
    assert.deepEqual([found[0]!.from, found.at(-1)!.to], [0, 1]);
    found.forEach(({ from }, j) => assert.equal(from, found[j - 1]?.to ?? 0));
    for (const { place, from, to } of found) {
      const alpha = from + (to - from) * next();
      const best = Math.max(...lines.map((line) => (1 - alpha) * line.p - alpha * line.similarity));
      assert.ok(scoreAt(lines[place]!, alpha) > best - 1e-12, `${JSON.stringify(lines)} at ${alpha}`);
    }
  }
});

test("the slider: the winner of every step and how many would change, against a direct computation", () => {
  const trace = searchTrace({ steps: 40 });
  const records = trace.trim().split("\n").map((line) => JSON.parse(line));
  const state = open(trace);
  const { contrast } = state;
  assert.deepEqual(contrast.changes.value, [], "as the run");
  for (const alpha of [0, 0.1, 0.35, 0.6, 0.61, 0.9, 1]) {
    contrast.setAlpha(alpha);
    const expected = records.map((each) => {
      const scored = each.contrastive_search.candidates.map((one: Line & { id: number }) => [(1 - alpha) * one.p - alpha * one.similarity, one.id]);
      return scored.reduce((best: number[], one: number[]) => (one[0]! > best[0]! ? one : best))[1];
    });
    assert.deepEqual(records.map((_, i) => contrast.winnerOf(i)!.id), expected);
    const changed = expected.flatMap((id, i) => (id === records[i].token.id ? [] : [i]));
    assert.deepEqual(contrast.changes.value, alpha === 0.6 ? [] : changed);
    if (alpha === 0) assert.deepEqual(changed, contrast.overruled.value, "0 is greedy");
    if (alpha === 0.35) assert.ok(changed.length > 3 && changed.length < 40);
    for (const i of [0, 17, 39]) {
      state.select(i);
      assert.equal(contrast.search.value!.candidates[contrast.winner.value]!.id, expected[i]);
    }
  }
  contrast.setAlpha(0.6);
  assert.equal(contrast.alpha.value, null, "the run's own");
});

test("the trace of the tests is what the definitions say", () => {
  for (const { alpha, candidates } of payloads("contrastive_search", searchTrace({ steps: 20, alpha: 0.45, k: 7 }))) {
    assert.equal(candidates.length, 7);
    for (const [i, each] of candidates.entries()) {
      assert.ok(Math.abs(each.score - scoreAt(each, alpha)) < 1e-12);
      assert.equal(each.similarity, each.nearest[0]!.cosine);
      assert.ok(each.nearest.every(({ cosine }, j) => cosine <= (each.nearest[j - 1]?.cosine ?? 1)));
      assert.ok(i === 0 || each.p <= candidates[i - 1]!.p);
    }
  }
  for (const { layers, chosen } of payloads("dola", dolaTrace({ steps: 10 }))) {
    assert.equal(Math.max(...layers.map(({ divergence }) => divergence)), layers.find(({ layer }) => layer === chosen)!.divergence);
  }
});

test("the engine's records: winners, scores and layers are those that the page computes", () => {
  const trace = new Trace(fixture("contrast"));
  assert.deepEqual(trace.runs.map(({ header }) => header.strategy), ["contrastive_search", "contrastive_decoding", "dola"]);
  for (const step of trace.runs.flatMap(({ sequences }) => sequences[0]!)) {
    const { contrast } = trace.decision(step);
    if (contrast?.kind === "contrastive_search") {
      assert.equal(contrast.candidates[winnerAt(contrast.candidates, contrast.alpha)]!.id, step.token.id);
      for (const each of contrast.candidates) assert.ok(Math.abs(each.score - scoreAt(each, contrast.alpha)) < 1e-6);
    } else if (contrast?.kind === "contrastive_decoding") {
      assert.equal(outcome(contrast)!.kept!.id, step.token.id);
      for (const each of contrast.candidates) assert.ok(!(Math.abs(each.contrast - (each.expert - each.amateur)) > 1e-9));
    } else {
      const { layers, chosen, candidates } = contrast!;
      assert.equal(layers.reduce((best, each) => (each.divergence > best.divergence ? each : best)).layer, chosen);
      for (const each of candidates) if (each.score !== null) assert.ok(Math.abs(each.score - (each.final - each.premature)) < 1e-4);
    }
  }
});

test("without the mask: the highest contrast of all, against a direct search", () => {
  let masked = 0;
  for (const contrast of payloads("contrastive_decoding", decodingTrace({ steps: 40 }))) {
    const { free, kept } = outcome(contrast)!;
    assert.equal(free.contrast, Math.max(...contrast.candidates.map((each) => each.contrast)));
    assert.equal(kept!.score, Math.max(...contrast.candidates.filter(({ score }) => score !== null).map((each) => each.score!)));
    assert.equal(free.score === null, free !== kept);
    masked += Number(free.score === null);
    const words = decodingSentence(contrast, false);
    assert.match(words, free.score === null ? /^Without the mask “.+” would have won, with .* the line is at 0\.\d+\.$/ : /would be the same/);
  }
  assert.ok(masked > 10 && masked < 40, `${masked} of 40`);
});

test("the fates, the forms and ties", () => {
  const [first] = payloads("contrastive_decoding", decodingTrace({ steps: 1, k: 1, alpha: 0.02 }));
  const plausible = first!.candidates.filter(({ fate }) => fate !== "implausible");
  assert.deepEqual(plausible.map(({ fate }) => fate), ["plausible", ...Array(plausible.length - 1).fill("top_k")]);
  assert.match(decodingSentence({ ...first!, candidates: plausible }, true), /would have the highest score.*it is not among the expert's top_k best/);
  const equal = { ...first!, candidates: first!.candidates.map((each) => ({ ...each, contrast: 1, score: 1 })) };
  assert.equal(outcome(equal)!.kept!.expert, Math.max(...equal.candidates.map(({ expert }) => expert)), "the likelier of equals");
  assert.equal(outcome({ ...first!, candidates: first!.candidates.map((each) => ({ ...each, contrast: NaN })) }), null);
  assert.equal(decodingFormula(first!), "score = expert's log-probability − amateur's");
  assert.equal(decodingFormula({ ...first!, lambda: 0.5, tau: 1.5 }), "score = expert's log-probability − 0.5 × amateur's (temperature 1.5)");
  const [logits] = payloads("contrastive_decoding", decodingTrace({ steps: 1, beta: 0.5 }));
  assert.equal(decodingFormula(logits!), "score = 1.5 × expert's logit − 0.5 × amateur's");
});

test("a chosen token that is not listed is told as far as its record knows it", () => {
  const steps = (trace: string) => trace.trim().split("\n").map((line) => JSON.parse(line));
  for (const [name, trace] of [["contrastive_decoding", decodingTrace({ steps: 12 })], ["dola", dolaTrace({ steps: 12 })]] as const) {
    for (const each of steps(trace)) {
      const own = each[name].candidates.find(({ id }: { id: number }) => id === each.token.id);
      if (!own) continue; // it is not among the ten of DoLa
      each[name].candidates = each[name].candidates.filter(({ id }: { id: number }) => id !== each.token.id);
      const { contrast } = open(lines([each], { strategy: name })).decision.value;
      const found = contrast!.candidates.find(({ id }) => id === each.token.id)!;
      for (const [key, value] of Object.entries(found)) {
        if (key === "amateur") assert.ok(Number.isNaN(value), "only the trace knows that");
        else if (typeof value === "number") assert.ok(Math.abs(value - own[key]) < 1e-9, key);
        else assert.equal(value, own[key]);
      }
    }
  }
});

test("damaged and missing fields leave what there is", () => {
  assert.equal(readContrast({}), null);
  for (const name of ["contrastive_search", "contrastive_decoding", "dola"]) {
    for (const value of [null, 1, "x", [], {}, { candidates: 5, layers: "x" }, { candidates: [] }]) assert.equal(readContrast({ [name]: value }), null, `${name} ${JSON.stringify(value)}`);
  }
  const search = readContrast({ contrastive_search: { candidates: [{ ...token(1, "a"), p: 0.5 }, null], other: 1 } });
  assert.ok(search?.kind === "contrastive_search" && search.alpha === 0 && search.candidates.length === 2);
  assert.deepEqual(search.candidates[0]!.nearest, []);
  assert.equal(searchSentence(search, null), "The chosen token is not among the candidates.");
  const dola = readContrast({ dola: { layers: [{ layer: 5, divergence: null, top: 3 }, {}] } });
  assert.ok(dola?.kind === "dola" && dola.layers.length === 1 && Number.isNaN(dola.layers[0]!.divergence));
  assert.equal(dolaSentence(dola, token(1, "a")), "");
  const decoding = readContrast({ contrastive_decoding: { candidates: [{}] } });
  assert.ok(decoding?.kind === "contrastive_decoding" && outcome(decoding) === null && decodingSentence(decoding, false) === "");
  for (const each of [search, dola, decoding]) assert.match(contrastTable(each), /^id\ttoken/);
});

test("a step without a payload has none of the views, and changes nothing", () => {
  const [first, ...rest] = searchTrace({ steps: 6 }).trim().split("\n").map((line) => JSON.parse(line));
  const records = [first, ...rest].map(({ run: _, ...each }, i) => (i % 2 === 1 ? { ...each, contrastive_search: undefined } : each));
  const state = open(lines(records, first.run), "#token=6");
  assert.equal(state.contrast.search.value, null);
  state.contrast.setAlpha(0);
  assert.ok(state.contrast.changes.value.every((i) => i % 2 === 0));
  assert.deepEqual(state.contrast.reigns.value.map((each) => each === null), [false, true, false, true, false, true]);
});

test("the past: prompt tokens as the trace tells them, by their words where these are as many, or not at all", () => {
  const past = (header: object) => {
    const run = new Trace(lines([record(3, token(9, " x")), record(4, token(8, "y"))], { model: "toy", ...header })).runs[0]!;
    return new Past(run, run.sequences[0]!);
  };
  const ids = { prompt_ids: [1, 2, 3] };
  const told = past({ ...ids, prompt_tokens: [token(1, "Once"), token(2, " up"), token(3, "on")], prompt_text: "Once upon" });
  assert.deepEqual([0, 1, 2, 3, 4].map((i) => told.at(i).text), ["Once", " up", "on", " x", "y"]);
  assert.deepEqual([told.at(2).index, told.at(3).index, told.at(9).text], [null, 0, null]);
  assert.deepEqual(past({ ...ids, prompt_text: "It's been" }).at(1).text, "'s");
  const unknown = past({ ...ids, prompt_text: "Once upon" });
  assert.equal(unknown.at(1).text, null, "two words, three tokens");
  assert.deepEqual(unknown.around(2, 9, 9, 4).map(({ text }) => text), [" x"], "only what is known, and nothing from there on");
  assert.deepEqual(told.around(1, 1, 9, 4).map(({ position }) => position), [0, 1, 2, 3]);
  assert.deepEqual(told.around(-1, 5, 0, 4), []);
});

test("the colours of a run's layers: each step ends below its label", () => {
  const run = payloads("dola", dolaTrace({ steps: 30 }));
  const bins = binsOf(run, "divergence");
  assert.equal(bins.labels.length, 9);
  const bounds = bins.labels.slice(0, -1).map((label) => Number(label.replace("< ", "")));
  assert.equal(bins.labels.at(-1), `≥ ${bounds.at(-1)}`);
  for (const layer of run.flatMap(({ layers }) => layers)) assert.equal(bins.of(layer), bounds.filter((bound) => bound <= layer.divergence).length);
  bounds.forEach((bound, i) => assert.equal(bins.of({ ...run[0]!.final, divergence: bound }), i + 1));
  const used = new Set(run.flatMap(({ layers }) => layers.map(bins.of)));
  assert.ok(used.size >= 8, `${used.size} of 9 steps are used`);
  assert.equal(bins.of({ ...run[0]!.final, divergence: NaN }), null);
  assert.equal(binsOf(run, "p").of({ ...run[0]!.final, p: 0.95 }), 0);
  const single = payloads("dola", dolaTrace({ steps: 3, layers: [6] }));
  assert.deepEqual(binsOf(single, "divergence").labels, []);
  assert.match(dolaSentence(single[0]!, token(1, "a")), /^Layer 6 is the only candidate and was subtracted\./);
});

test("the map's cells: where they are, and from one to another", () => {
  const grid = gridOf(40, 9, 700, null);
  for (const cell of [{ column: 0, row: 0 }, { column: 39, row: 8 }, { column: 17, row: 3 }]) {
    assert.deepEqual(cellAt(grid, axisWidth + (cell.column + 0.5) * grid.column, headHeight + (cell.row + 0.5) * rowHeight), cell);
  }
  assert.equal(cellAt(grid, axisWidth - 1, 50), null);
  assert.equal(cellAt(grid, axisWidth + 40 * grid.column, 50), null);
  assert.equal(cellAt(grid, axisWidth, headHeight + 9 * rowHeight), null);
  assert.equal(gridOf(40, 9, 700, gridOf(40, 9, 700, null).widest).column * 40, 700 - axisWidth, "fit is the whole run");
  const at = { column: 5, row: 2 };
  const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];
  assert.deepEqual(keys.map((key) => Object.values(move(grid, at, key)!)), [[4, 2], [6, 2], [5, 1], [5, 3], [0, 2], [39, 2], [0, 2], [15, 2]]);
  assert.deepEqual(move(grid, { column: 39, row: 8 }, "ArrowDown"), { column: 39, row: 8 });
  assert.equal(move(grid, at, "x"), null);
});

test("the layers of a run, the selected one and its words", () => {
  const state = open(dolaTrace({ steps: 12 }));
  const { contrast } = state;
  assert.equal(contrast.hasLayers.value, true);
  assert.deepEqual(contrast.layers.value, [14, 12, 10, 8, 6, 4, 2, 0]);
  const dola = contrast.dola.value[state.index.value]!;
  assert.equal(contrast.layerAt(state.index.value, contrast.row.value)!.layer, dola.chosen, "the one that was subtracted");
  contrast.layer.value = 0;
  assert.equal(contrast.layerAt(state.index.value, 0), dola.final);
  state.select(3);
  assert.notEqual(contrast.row.value, 0, "another token: again the one that was subtracted");
  assert.equal(contrast.layerAt(3, 99), null);
  const { token: chosen } = state.steps.value[3]!;
  assert.match(cellWords(contrast.layerAt(3, contrast.row.value), contrast.dola.value[3]!.chosen, chosen), /^layer \d+, subtracted, token “.+”: divergence .* nats; “/);
  assert.match(cellWords(null, null, chosen), /no candidate layer/);
  assert.equal(open(searchTrace({ steps: 2 })).contrast.hasLayers.value, false);
  const table = layerTable(state).trim().split("\n").map((line) => line.split("\t"));
  assert.equal(table.length, 1 + 12 * 9);
  assert.ok(table.every((row) => row.length === table[0]!.length));
  assert.equal(Number(table[1]![3]), contrast.dola.value[0]!.layers[0]!.divergence);
});

test("where a page opens: in the strategy's own view, at the first token that the strategy changed", () => {
  for (const [kind, trace] of Object.entries({ contrastive_search: searchTrace({ steps: 20 }), contrastive_decoding: decodingTrace({ steps: 20 }), dola: dolaTrace({ steps: 20 }) })) {
    const state = open(trace);
    assert.equal(state.view.value, kind);
    const first = state.contrast.run.value.findIndex((each, i) => overruled(each, state.steps.value[i]!.token));
    assert.equal(state.index.value, first);
    assert.ok(first >= 0);
  }
});

test("links: another alpha and the map's colours", () => {
  const trace = searchTrace({ steps: 8 });
  const state = open(trace, "#token=7&view=butterfly&penalty_alpha=0.25");
  assert.deepEqual([state.contrast.alpha.value, state.view.value, state.index.value], [0.25, "butterfly", 2]);
  assert.match(state.link.value, /&penalty_alpha=0\.25$/);
  for (const [hash, alpha] of [["", null], ["penalty_alpha=", null], ["penalty_alpha=x", null], ["penalty_alpha=7", 1], ["penalty_alpha=-1", 0], ["penalty_alpha=0.6", null]] as const) {
    assert.equal(open(trace, `#${hash}`).contrast.alpha.value, alpha, hash);
  }
  const layers = open(dolaTrace({ steps: 3 }), "#layers=p");
  assert.equal(layers.contrast.statistic.value, "p");
  assert.match(layers.link.value, /&layers=p$/);
  assert.equal(open(dolaTrace({ steps: 3 }), "#layers=q").contrast.statistic.value, "divergence");
});

test("the sentences of the strategies", () => {
  const say = (trace: string) => sentence(new Trace(trace).runs[0]!.header);
  const with_ = (make: (setting: Setting) => string, strategy: string, options: object) => make({ steps: 1, run: { strategy, options } });
  assert.equal(say(searchTrace({ steps: 1 })), "Searched contrastively by toy with penalty_alpha 0.6 and top_k 5.");
  assert.equal(say(decodingTrace({ steps: 1 })), "Decoded against the amateur self:15 by toy with alpha 0.1 and top_k 50.");
  assert.equal(say(dolaTrace({ steps: 1 })), "Decoded against its own early layers by toy with dola_layers low.");
  const decoding = { amateur: "small.gguf", alpha: 0.2, top_k: 0, beta: 0.5, temperature: 0.7, seed: 4, num_beams: 1 };
  assert.equal(say(with_(decodingTrace, "contrastive_decoding", decoding)), "Sampled against the amateur small.gguf by toy with alpha 0.2, beta 0.5 and temperature 0.7, seed 4.");
  const beams = { amateur: "small.gguf", alpha: 0.2, top_k: 0, num_beams: 3, temperature: 1, seed: 4 };
  assert.equal(say(with_(decodingTrace, "contrastive_decoding", beams)), "Searched with 3 beams against the amateur small.gguf by toy with alpha 0.2.");
  assert.equal(say(with_(dolaTrace, "dola", { dola_layers: [18, 20], relative_top: 0.2, do_sample: true, repetition_penalty: 1.2, seed: 1 })), "Sampled against its own early layers by toy with dola_layers [18,20], relative_top 0.2 and repetition_penalty 1.2, seed 1.");
});
