// A synthetic vocabulary of 2,000 tokens: its record with 50 candidates, and the definition of every processor, written
// down once more over all tokens, sorting and summing as Hugging Face's code does.

import type { Settings } from "../../src/sampling/settings.ts";
import { header, lines, record, token } from "./fixtures.ts";
import { random } from "./random.ts";

export const size = 2000;
export const listed = 50;

export function logitsOf(seed: number): number[] {
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: size }, (_, id) => Math.fround(3 * normal() + (id % 400 === 7 ? 9 : 0)));
}

// The recorded settings are those that do nothing: temperature 1, every cut off.
export function recordOf(logits: readonly number[], t = 2): object {
  const order = logits.map((_, id) => id).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const p = probabilities(logits, { temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 });
  const bits = p.reduce((sum, each) => sum - each * Math.log2(each), 0);
  const top = order.slice(0, listed).map((id) => ({ id, logit: logits[id], score: logits[id], p: p[id] }));
  const rest = order.slice(listed);
  const best = order[0]!;
  return record(t, token(best, ` word${best}`), [], {
    logit: logits[best],
    p: p[best],
    p_raw: p[best],
    logsumexp: Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)),
    tail_mass: rest.reduce((sum, id) => sum + p[id]!, 0),
    entropy: bits,
    entropy_raw: bits,
    kept: size,
    top: top.map((each) => ({ ...token(each.id, ` word${each.id}`), ...each, cut_by: null })),
    tail: { logit: rest.map((id) => logits[id]), count: rest.map(() => 1) },
  });
}

export function traceOf(logits: readonly number[]): string {
  return lines([recordOf(logits), recordOf(logits, 3)], { ...header, prompt_text: "Once upon a time" });
}

export function probabilities(logits: readonly number[], settings: Settings): number[] {
  let scores = logits.map((logit) => Math.fround(logit / Math.fround(settings.temperature)));
  if (settings.top_k > 0) scores = topK(scores, settings.top_k);
  if (settings.top_p < 1) scores = topP(scores, settings.top_p);
  if (settings.min_p > 0) scores = minP(scores, settings.min_p);
  if (settings.typical_p < 1) scores = typicalP(scores, settings.typical_p);
  return softmax(scores);
}

function softmax(scores: readonly number[]): number[] {
  const best = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - best));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function ban(scores: readonly number[], gone: ReadonlySet<number>): number[] {
  return scores.map((score, id) => (gone.has(id) ? -Infinity : score));
}

function topK(scores: readonly number[], k: number): number[] {
  const last = [...scores].sort((a, b) => b - a)[k - 1]!;
  return scores.map((score) => (score < last ? -Infinity : score));
}

// Ascending, drop while the cumulative probability is at most 1 - p; the last one stays.
function topP(scores: readonly number[], p: number): number[] {
  const all = softmax(scores);
  const ascending = all.map((_, id) => id).sort((a, b) => all[a]! - all[b]! || b - a);
  const gone = new Set<number>();
  let cumulative = 0;
  for (const id of ascending.slice(0, -1)) {
    cumulative += all[id]!;
    if (cumulative <= 1 - p) gone.add(id);
  }
  return ban(scores, gone);
}

function minP(scores: readonly number[], minimum: number): number[] {
  const all = softmax(scores);
  const best = Math.max(...all);
  return scores.map((score, id) => (all[id]! < minimum * best ? -Infinity : score));
}

function typicalP(scores: readonly number[], mass: number): number[] {
  const all = softmax(scores);
  const entropy = all.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  const shifted = all.map((p) => Math.abs(-Math.log(p) - entropy));
  const order = shifted.map((_, id) => id).sort((a, b) => shifted[a]! - shifted[b]!);
  let cumulative = 0;
  let last = order.filter((id) => (cumulative += all[id]!) < mass).length;
  last = Math.min(last, order.length - 1);
  const limit = shifted[order[last]!]!;
  return scores.map((score, id) => (shifted[id]! > limit ? -Infinity : score));
}
