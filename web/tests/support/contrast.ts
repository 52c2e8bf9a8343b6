// Traces of the three contrast strategies that have really been decoded, on random tables over a small vocabulary: scores
// and states follow from the last tokens, and every number of a record from them.

import { plain } from "./beams.ts";
import { token, type TokenJson } from "./fixtures.ts";
import { random } from "./random.ts";

export interface Setting {
  readonly steps: number;
  readonly seed?: number;
  readonly words?: readonly string[];
  readonly top?: number; // candidates listed
  readonly alpha?: number; // penalty_alpha, or of the plausible set
  readonly k?: number; // top_k
  readonly beta?: number; // the form on logits
  readonly layers?: readonly number[];
  readonly run?: object; // more of the header
}

const prompt = [31, 32, 33, 34, 6]; // ids
const size = 12; // of a hidden state

abstract class Decoder {
  readonly vocabulary: readonly TokenJson[];
  readonly ids = [...prompt];

  constructor(
    readonly setting: Setting,
    readonly strategy: string,
    readonly options: object,
  ) {
    this.vocabulary = (setting.words ?? plain).map((word, id) => token(id, word));
  }

  // The chosen token, the scores that chose it, and the payload.
  abstract step(logits: readonly number[]): { id: number; scores: readonly number[]; payload: object };

  trace(): string {
    const header = {
      model: "toy",
      strategy: this.strategy,
      options: { ...this.options, trace_top: this.setting.top ?? 20 },
      prompt_ids: prompt,
      prompt_text: prompt.map((id) => this.vocabulary[id % this.vocabulary.length]!.text).join(""),
      ...this.setting.run,
    };
    const lines = Array.from({ length: this.setting.steps }, (_, i) => {
      const line = this.record(i);
      return JSON.stringify(i === 0 ? { run: header, ...line } : line);
    });
    return lines.join("\n") + "\n";
  }

  record(i: number): object {
    const logits = this.logits(0);
    const raw = softmax(logits);
    const { id, scores, payload } = this.step(logits);
    const p = softmax(scores);
    const order = p.map((_, each) => each).sort((a, b) => p[b]! - p[a]! || a - b);
    const listed = order.slice(0, this.setting.top ?? 20);
    const rest = order.slice(listed.length);
    this.ids.push(id);
    return {
      schema: 3,
      seq: 0,
      t: this.ids.length - 1,
      token: this.vocabulary[id],
      logit: logits[id],
      p_raw: raw[id],
      p: p[id],
      rank: order.indexOf(id) + 1,
      race: null,
      logsumexp: logSumExp(logits),
      tail_mass: rest.reduce((sum, each) => sum + raw[each]!, 0),
      entropy: bits(p),
      entropy_raw: bits(raw),
      kept: p.filter((each) => each > 0).length,
      finish: i + 1 === this.setting.steps ? "length" : null,
      stages: [],
      top: listed.map((each) => ({ ...this.vocabulary[each], logit: logits[each], base: finite(scores[each]!), score: finite(scores[each]!), p: p[each], cut_by: null })),
      tail: { logit: rest.map((each) => scores[each]).filter(Number.isFinite), count: rest.filter((each) => Number.isFinite(scores[each])).map(() => 1) },
      ...payload,
      seconds: 0.05 * (i + 1),
    };
  }

  // By the last two tokens; `table` 0 is the model's own.
  logits(table: number, ids: readonly number[] = this.ids): number[] {
    const { seed = 1 } = this.setting;
    const next = random(seed * 7919 + table * 50331653 + ids.at(-1)! * 104729 + ids.at(-2)! * 1299709);
    return this.vocabulary.map(() => 2.4 * normal(next));
  }

  // A table blurred by another: what a weaker model, or an early layer, makes of it.
  blurred(table: number, share: number): number[] {
    const other = this.logits(table);
    return this.logits(0).map((logit, id) => (1 - share) * logit + share * other[id]!);
  }

  // After the token at a position: mostly the token itself, less what came before it.
  state(ids: readonly number[], position: number): number[] {
    const { seed = 1 } = this.setting;
    const state = new Array<number>(size).fill(0.9);
    for (const [back, weight] of [1.6, 0.9, 0.5].entries()) {
      const id = ids[position - back];
      if (id === undefined) break;
      const next = random(seed * 31 + id * 7907 + 5);
      for (let i = 0; i < size; ++i) state[i]! += weight * normal(next);
    }
    return state;
  }
}

class ContrastiveSearch extends Decoder {
  step(logits: readonly number[]) {
    const { alpha = 0.6, k = 5 } = this.setting;
    const p = softmax(logits);
    const past = this.ids.map((_, position) => this.state(this.ids, position));
    const order = p.map((_, id) => id).sort((a, b) => p[b]! - p[a]! || a - b).slice(0, k);
    const candidates = order.map((id) => {
      const own = this.state([...this.ids, id], this.ids.length);
      const cosines = past.map((each, position) => [position, cosine(own, each)] as const);
      const nearest = cosines.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 8);
      const similarity = nearest[0]![1];
      return { ...this.vocabulary[id], p: p[id]!, similarity, score: (1 - alpha) * p[id]! - alpha * similarity, nearest };
    });
    const chosen = candidates.reduce((best, each) => (each.score > best.score ? each : best));
    return { id: chosen.id!, scores: logits, payload: { contrastive_search: { alpha, candidates } } };
  }
}

class ContrastiveDecoding extends Decoder {
  step(expert: readonly number[]) {
    const { alpha = 0.1, k = 50, top = 20, beta } = this.setting;
    const amateur = this.blurred(1, 0.6);
    const [e, a] = [logSoftmax(expert), logSoftmax(amateur)];
    const contrasts = e.map((each, id) => (beta === undefined ? each - a[id]! : (1 + beta) * expert[id]! - beta * amateur[id]!));
    const line = Math.max(...e) + Math.log(alpha);
    const order = e.map((_, id) => id).sort((x, y) => e[y]! - e[x]! || x - y);
    const plausible = order.filter((id) => e[id]! >= line);
    const kept = new Set(k > 0 ? plausible.slice(0, k) : plausible);
    const scores = contrasts.map((each, id) => (kept.has(id) ? each : -Infinity));
    const others = order.slice(top).sort((x, y) => contrasts[y]! - contrasts[x]!).slice(0, 5);
    const candidates = [...order.slice(0, top), ...others].map((id) => ({
      ...this.vocabulary[id],
      expert: e[id],
      amateur: a[id],
      contrast: contrasts[id],
      score: finite(scores[id]!),
      fate: kept.has(id) ? "plausible" : plausible.includes(id) ? "top_k" : "implausible",
    }));
    const form = beta === undefined ? { form: "log_p", lambda: 1 } : { form: "logits", beta };
    const rest = { alpha, tau_amateur: 1, amateur: "self:15", plausible: plausible.length, threshold: Math.exp(line) };
    return { id: order.reduce((best, id) => (scores[id]! > scores[best]! ? id : best)), scores, payload: { contrastive_decoding: { ...form, ...rest, candidates } } };
  }
}

class Dola extends Decoder {
  step(logits: readonly number[]) {
    const { layers: numbers = [0, 2, 4, 6, 8, 10, 12, 14] } = this.setting;
    const last = logSoftmax(logits);
    const all = numbers.map((layer) => {
      const early = logSoftmax(this.blurred(100 + layer, 0.95 - (0.8 * layer) / 16));
      return { layer, early, divergence: numbers.length > 1 ? divergence(last, early) : null };
    });
    const chosen = all.reduce((best, each) => ((each.divergence ?? 0) > (best.divergence ?? 0) ? each : best));
    const line = Math.max(...last) + Math.log(0.1);
    const scores = last.map((each, id) => (each < line ? -Infinity : each - chosen.early[id]!));
    const order = last.map((_, id) => id).sort((a, b) => last[b]! - last[a]! || a - b);
    const id = order.reduce((best, each) => (scores[each]! > scores[best]! ? each : best));
    const look = (from: readonly number[]) => ({
      p: Math.exp(from[id]!),
      top: from.map((_, each) => each).sort((a, b) => from[b]! - from[a]!).slice(0, 5).map((each) => ({ ...this.vocabulary[each], p: Math.exp(from[each]!) })),
    });
    const dola = {
      chosen: chosen.layer,
      layers: all.map(({ layer, early, divergence }) => ({ layer, divergence, ...look(early) })),
      final: look(last),
      candidates: order.slice(0, 10).map((each) => ({ ...this.vocabulary[each], final: last[each], premature: chosen.early[each], score: finite(scores[each]!) })),
    };
    return { id, scores, payload: { dola } };
  }
}

export function searchTrace(setting: Setting): string {
  const { alpha = 0.6, k = 5 } = setting;
  return new ContrastiveSearch(setting, "contrastive_search", { penalty_alpha: alpha, top_k: k }).trace();
}

export function decodingTrace(setting: Setting): string {
  const { alpha = 0.1, k = 50, beta = null } = setting;
  return new ContrastiveDecoding(setting, "contrastive_decoding", { amateur: "self:15", alpha, top_k: k, tau_amateur: 1, lambda: 1, beta, amateur_context: 0 }).trace();
}

export function dolaTrace(setting: Setting): string {
  return new Dola(setting, "dola", { dola_layers: setting.layers ? setting.layers.join(",") : "low", relative_top: 0.1, top_k: 50 }).trace();
}

// Half of the sum of both Kullback-Leibler divergences to the mean, each taken from the mean, in nats.
export function divergence(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, log, i) => {
    const mean = (Math.exp(log) + Math.exp(b[i]!)) / 2;
    return sum + (mean * (2 * Math.log(mean) - log - b[i]!)) / 2;
  }, 0);
}

export function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, each, i) => sum + each * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

function logSumExp(logits: readonly number[]): number {
  const best = Math.max(...logits);
  return best + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - best), 0));
}

function logSoftmax(logits: readonly number[]): number[] {
  const all = logSumExp(logits);
  return logits.map((logit) => logit - all);
}

function softmax(logits: readonly number[]): number[] {
  return logSoftmax(logits).map(Math.exp);
}

function bits(p: readonly number[]): number {
  return p.reduce((sum, each) => (each > 0 ? sum - each * Math.log2(each) : sum), 0);
}

function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
