// One record of the trace, read tolerantly: fields that are unknown are ignored, optional ones may be absent.
// Logits, scores and logsumexp are natural logarithms; entropies are in bits.

import { readContrast, withChosen, type Contrast } from "./contrast.ts";

export interface Token {
  readonly id: number;
  readonly bytes: string; // hexadecimal
  readonly text: string;
  readonly piece: string; // its name in the vocabulary
}

export interface Candidate extends Token {
  readonly logit: number; // as the model gave it
  readonly base: number; // after penalties and bans, before temperature and truncations; -infinity: banned
  readonly score: number; // after the processors; -infinity: removed
  readonly p: number;
  readonly cutBy: string | null;
}

export interface Stage {
  readonly name: string;
  readonly kept: number; // tokens left after it
  readonly removedMass: number; // of the probability before it
}

// The tokens that are not listed, as weighted points: a sum of f(base) over them is the sum of count * f(logit).
export interface Tail {
  readonly logit: readonly number[];
  readonly count: readonly number[];
}

// What the overview of a run needs of a record.
export interface Head {
  readonly seq: number;
  readonly t: number; // position, the prompt counted
  readonly token: Token;
  readonly logit: number;
  readonly pRaw: number;
  readonly p: number;
  readonly rank: number;
  readonly u: number | null;
  readonly logsumexp: number;
  readonly tailMass: number;
  readonly entropy: number;
  readonly entropyRaw: number;
  readonly kept: number;
  readonly seconds: number | null;
  readonly finish: string | null;
  readonly stages: readonly Stage[];
}

export interface Decision extends Head {
  readonly top: readonly Candidate[];
  readonly tail: Tail | null;
  readonly contrast: Contrast | null;
}

export type Json = Readonly<Record<string, unknown>>;

export function readHead(json: Json): Head {
  return {
    seq: number(json.seq, 0),
    t: number(json.t, 0),
    token: readToken(json.token),
    logit: number(json.logit, -Infinity),
    pRaw: number(json.p_raw, NaN),
    p: number(json.p, NaN),
    rank: number(json.rank, NaN),
    u: optional(json.u),
    logsumexp: number(json.logsumexp, NaN),
    tailMass: number(json.tail_mass, NaN),
    entropy: number(json.entropy, NaN),
    entropyRaw: number(json.entropy_raw, NaN),
    kept: number(json.kept, NaN),
    seconds: optional(json.seconds),
    finish: typeof json.finish === "string" ? json.finish : null,
    stages: list(json.stages).map(readStage),
  };
}

export function readDecision(json: Json, head: Head): Decision {
  const top = list(json.top).map(readCandidate);
  return { ...head, top, tail: readTail(json.tail), contrast: withChosen(readContrast(json), head, top) };
}

export function readToken(value: unknown): Token {
  const json = object(value);
  return { id: number(json.id, -1), bytes: text(json.bytes), text: text(json.text), piece: text(json.piece) };
}

function readCandidate(json: Json): Candidate {
  const logit = number(json.logit, -Infinity);
  return {
    ...readToken(json),
    logit,
    base: json.base === undefined ? logit : number(json.base, -Infinity),
    score: number(json.score, -Infinity),
    p: number(json.p, 0),
    cutBy: typeof json.cut_by === "string" ? json.cut_by : null,
  };
}

function readStage(json: Json): Stage {
  return { name: text(json.name), kept: number(json.kept, NaN), removedMass: number(json.removed_mass, 0) };
}

function readTail(value: unknown): Tail | null {
  const json = object(value);
  if (!Array.isArray(json.logit) || !Array.isArray(json.count)) return null;
  return { logit: json.logit.map((x) => number(x, -Infinity)), count: json.count.map((x) => number(x, 0)) };
}

export function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

export function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

export function optional(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
