// One record of the trace, read tolerantly: fields that are unknown are ignored, optional ones may be absent.
// Logits, scores and logsumexp are natural logarithms; entropies are in bits.

import { readContrast, type Contrast } from "./contrast.ts";
import { list, number, object, optional, text, type Json } from "./json.ts";
import { readSpeculation, type Speculation } from "./speculation.ts";
import { readToken, type Token } from "./token.ts";

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

// In the race that chose a token the largest sum of score and noise won.
export interface Entrant extends Token {
  readonly score: number; // ln p, after the processors
  readonly noise: number;
}

// What the overview of a run needs of a record.
export interface Head {
  readonly seq: number;
  readonly t: number; // position, the prompt counted
  readonly token: Token;
  readonly logit: number;
  readonly pRaw: number;
  readonly p: number;
  readonly score: number | null; // a contrast's or lowered one, by which the token was chosen; null: its probability was what counted
  readonly rank: number;
  readonly race: readonly Entrant[] | null; // the winner first; null: nothing was drawn
  readonly logsumexp: number;
  readonly tailMass: number;
  readonly entropy: number;
  readonly entropyRaw: number;
  readonly kept: number;
  readonly seconds: number | null;
  readonly finish: string | null;
  readonly stages: readonly Stage[];
  readonly speculative: Speculation | null; // null: nothing was guessed
}

export interface Decision extends Head {
  readonly top: readonly Candidate[];
  readonly tail: Tail | null;
  readonly contrast: Contrast | null;
}

export function readHead(json: Json): Head {
  return {
    seq: number(json.seq, 0),
    t: number(json.t, 0),
    token: readToken(json.token),
    logit: number(json.logit, -Infinity),
    pRaw: number(json.p_raw, NaN),
    p: number(json.p, NaN),
    score: null,
    rank: number(json.rank, NaN),
    race: Array.isArray(json.race) ? list(json.race).map(readEntrant) : null,
    logsumexp: number(json.logsumexp, NaN),
    tailMass: number(json.tail_mass, NaN),
    entropy: number(json.entropy, NaN),
    entropyRaw: number(json.entropy_raw, NaN),
    kept: number(json.kept, NaN),
    seconds: optional(json.seconds),
    finish: typeof json.finish === "string" ? json.finish : null,
    stages: list(json.stages).map(readStage),
    speculative: readSpeculation(json.speculative),
  };
}

// Where the scores of a contrast chose, or those that other groups lowered, everything that is called probability, rank or
// entropy is the model's own: a token has one probability wherever the page tells it. What was made of it is a score.
export function asTheModelSays(head: Head, json: Json): Head {
  if (head.stages.length === 1 && head.stages[0]!.name === "diversity_penalty") return unpenalised(head, json);
  const contrast = readContrast(json);
  if (contrast === null || contrast.kind === "contrastive_search") return head;
  const { token, logit, logsumexp } = head;
  const likelihoods = contrast.kind === "dola" ? contrast.candidates.map(({ final }) => final) : contrast.candidates.map(({ expert }) => expert);
  const place = contrast.candidates.findIndex(({ id }) => id === token.id);
  const own = likelihoods[place] ?? logit - logsumexp;
  const score = contrast.candidates[place]?.score ?? NaN;
  return { ...head, p: head.pRaw, score, rank: 1 + likelihoods.filter((each) => each > own).length, entropy: head.entropyRaw };
}

function unpenalised(head: Head, json: Json): Head {
  const top = list(json.top).map(readCandidate);
  const score = top.find(({ id }) => id === head.token.id)?.score ?? NaN;
  return { ...head, p: head.pRaw, score, rank: 1 + top.filter(({ logit }) => logit > head.logit).length, entropy: head.entropyRaw };
}

export function readDecision(json: Json, head: Head): Decision {
  const listed = list(json.top).map(readCandidate);
  const top = head.score === null ? listed : byModel(listed, head);
  return { ...head, top, tail: readTail(json.tail), contrast: withChosen(readContrast(json), head, top) };
}

function byModel(top: readonly Candidate[], { logsumexp }: Head): Candidate[] {
  return top.map((each) => ({ ...each, p: Math.exp(each.logit - logsumexp) })).sort((a, b) => b.p - a.p);
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

function readEntrant(json: Json): Entrant {
  return { ...readToken(json), score: number(json.score, NaN), noise: number(json.noise, NaN) };
}

function readStage(json: Json): Stage {
  return { name: text(json.name), kept: number(json.kept, NaN), removedMass: number(json.removed_mass, 0) };
}

function readTail(value: unknown): Tail | null {
  const json = object(value);
  if (!Array.isArray(json.logit) || !Array.isArray(json.count)) return null;
  return { logit: json.logit.map((x) => number(x, -Infinity)), count: json.count.map((x) => number(x, 0)) };
}

// With the chosen token among the candidates, where the trace lists too few: as far as the rest of its record tells.
function withChosen(contrast: Contrast | null, { token, logit, logsumexp }: Head, top: readonly Candidate[]): Contrast | null {
  if (contrast === null || contrast.candidates.some(({ id }) => id === token.id)) return contrast;
  const likelihood = logit - logsumexp;
  if (contrast.kind === "contrastive_decoding") {
    const score = top.find(({ id }) => id === token.id)?.base ?? NaN;
    const chosen = { ...token, expert: likelihood, amateur: NaN, contrast: score, score, fate: "plausible" };
    return { ...contrast, candidates: [...contrast.candidates, chosen] };
  }
  if (contrast.kind === "dola") {
    const premature = Math.log(contrast.layers.find(({ layer }) => layer === contrast.chosen)?.p ?? NaN);
    const chosen = { ...token, final: likelihood, premature, score: likelihood - premature };
    return { ...contrast, candidates: [...contrast.candidates, chosen] };
  }
  return contrast;
}
