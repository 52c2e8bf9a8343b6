// What the records of the three contrast strategies carry besides their candidates: both sides of the subtraction.
// Probabilities are linear where they are called p; expert, amateur, final, premature, contrast and score are natural
// logarithms (contrast and score of the "logits" form: logits). A score that is null was masked.

import { list, number, object, optional, text, type Json } from "./json.ts";
import { readToken, type Token } from "./token.ts";

// score = (1 - alpha) p - alpha similarity; by falling p.
export interface Term extends Token {
  readonly p: number;
  readonly similarity: number; // the highest cosine with the state at a past token
  readonly score: number;
  readonly nearest: readonly Near[]; // the most similar first
}

export interface Near {
  readonly position: number; // in the text, the prompt counted, from 0
  readonly cosine: number;
}

export interface ContrastiveSearch {
  readonly kind: "contrastive_search";
  readonly alpha: number;
  readonly candidates: readonly Term[];
}

export interface Opponents extends Token {
  readonly expert: number;
  readonly amateur: number;
  readonly contrast: number; // the score without any mask
  readonly score: number | null;
  readonly fate: string; // plausible, implausible, top_k
}

export interface ContrastiveDecoding {
  readonly kind: "contrastive_decoding";
  readonly form: "log_p" | "logits";
  readonly lambda: number | null;
  readonly beta: number | null;
  readonly alpha: number;
  readonly tau: number;
  readonly amateur: string;
  readonly plausible: number;
  readonly threshold: number; // a probability
  readonly candidates: readonly Opponents[];
}

export interface Likely extends Token {
  readonly p: number;
}

export interface Layer {
  readonly layer: number | null; // null: the final one
  readonly divergence: number; // nats, from the final one; NaN: not computed
  readonly p: number; // of the chosen token
  readonly top: readonly Likely[];
}

export interface Matured extends Token {
  readonly final: number;
  readonly premature: number;
  readonly score: number | null;
}

export interface Dola {
  readonly kind: "dola";
  readonly chosen: number | null; // the layer that was subtracted
  readonly layers: readonly Layer[]; // from the lowest to the highest
  readonly final: Layer;
  readonly candidates: readonly Matured[];
}

export type Contrast = ContrastiveSearch | ContrastiveDecoding | Dola;

// Whether the strategy took another token than the model's likeliest.
export function overruled(contrast: Contrast | null, chosen: Token): boolean {
  return contrast !== null && contrast.candidates[0] !== undefined && contrast.candidates[0].id !== chosen.id;
}

export function readContrast(json: Json): Contrast | null {
  if (json.contrastive_search !== undefined) return readSearch(object(json.contrastive_search));
  if (json.contrastive_decoding !== undefined) return readDecoding(object(json.contrastive_decoding));
  if (json.dola !== undefined) return readDola(object(json.dola));
  return null;
}

function readSearch(json: Json): ContrastiveSearch | null {
  const candidates = list(json.candidates).map((each) => ({
    ...readToken(each),
    p: number(each.p, NaN),
    similarity: number(each.similarity, NaN),
    score: number(each.score, NaN),
    nearest: readNearest(each.nearest),
  }));
  return candidates.length === 0 ? null : { kind: "contrastive_search", alpha: number(json.alpha, 0), candidates };
}

function readNearest(value: unknown): Near[] {
  const pairs = Array.isArray(value) ? value.filter((pair) => Array.isArray(pair)) : [];
  return pairs.map(([position, cosine]) => ({ position: number(position, -1), cosine: number(cosine, NaN) }));
}

function readDecoding(json: Json): ContrastiveDecoding | null {
  const candidates = list(json.candidates).map((each) => ({
    ...readToken(each),
    expert: number(each.expert, -Infinity),
    amateur: number(each.amateur, -Infinity),
    contrast: number(each.contrast, NaN),
    score: optional(each.score),
    fate: text(each.fate),
  }));
  if (candidates.length === 0) return null;
  return {
    kind: "contrastive_decoding",
    form: json.form === "logits" ? "logits" : "log_p",
    lambda: optional(json.lambda),
    beta: optional(json.beta),
    alpha: number(json.alpha, NaN),
    tau: number(json.tau_amateur, 1),
    amateur: text(json.amateur),
    plausible: number(json.plausible, NaN),
    threshold: number(json.threshold, NaN),
    candidates,
  };
}

function readDola(json: Json): Dola | null {
  const layers = list(json.layers).map(readLayer).filter(({ layer }) => layer !== null);
  if (layers.length === 0) return null;
  const candidates = list(json.candidates).map((each) => ({
    ...readToken(each),
    final: number(each.final, -Infinity),
    premature: number(each.premature, -Infinity),
    score: optional(each.score),
  }));
  const final = { ...readLayer(object(json.final)), layer: null, divergence: 0 };
  return { kind: "dola", chosen: optional(json.chosen), layers: layers.sort((a, b) => a.layer! - b.layer!), final, candidates };
}

function readLayer(json: Json): Layer {
  return {
    layer: optional(json.layer),
    divergence: number(json.divergence, NaN),
    p: number(json.p, NaN),
    top: list(json.top).map((each) => ({ ...readToken(each), p: number(each.p, NaN) })),
  };
}
