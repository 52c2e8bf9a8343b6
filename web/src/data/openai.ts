// The log-probabilities of any OpenAI API, as a trace: whole answers of completions and chat completions, and streams of
// either, as JSON, JSON Lines or server-sent events. Ids are not told there, so tokens have numbers of their own; what is
// not told of the distribution stays unknown.

import { list, number, object, text, type Json } from "./json.ts";

interface Told {
  readonly text: string;
  readonly bytes: string; // hexadecimal
  readonly logprob: number;
}

interface Position extends Told {
  readonly others: readonly Told[];
}

// null: no such answer.
export function traceOfAnswer(data: string): string | null {
  const parts = answersIn(data);
  const choices = parts.flatMap((part) => list(part.choices));
  if (choices.length === 0) return null;
  const texts = new Map<number, Position[]>();
  for (const choice of choices) {
    const index = number(choice.index, 0);
    texts.set(index, [...(texts.get(index) ?? []), ...positionsOf(object(choice.logprobs))]);
  }
  const ids = new Map<string, number>();
  const idOf = ({ bytes }: Told) => ids.get(bytes) ?? (ids.set(bytes, ids.size), ids.size - 1);
  const model = text(parts[0]!.model) || "an OpenAI API";
  const records = [...texts].flatMap(([seq, positions]) => positions.map((position, t) => recordOf(position, seq, t, idOf)));
  if (records.length === 0) return null;
  const run = { model, strategy: "told", label: model, options: {}, prompt_ids: [], prompt_text: "" };
  return records.map((record, i) => JSON.stringify(i === 0 ? { run, ...record } : record)).join("\n");
}

function answersIn(data: string): Json[] {
  const whole = parsed(data);
  if (whole !== null) return Array.isArray(whole) ? whole.map(object) : [object(whole)];
  const lines = data.split("\n").map((line) => parsed(line.replace(/^data: /, "")));
  return lines.filter((line) => line !== null).map(object);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return null;
  }
}

function positionsOf(logprobs: Json): Position[] {
  if (Array.isArray(logprobs.content)) {
    return list(logprobs.content).map((each) => ({ ...toldOf(each), others: list(each.top_logprobs).map(toldOf) }));
  }
  const tokens = Array.isArray(logprobs.tokens) ? logprobs.tokens : []; // the older form
  const values = Array.isArray(logprobs.token_logprobs) ? logprobs.token_logprobs : [];
  const tops = list(logprobs.top_logprobs);
  return tokens.map((token, i) => {
    const others = Object.entries(tops[i] ?? {}).map(([name, value]) => toldOf({ token: name, logprob: value }));
    return { ...toldOf({ token, logprob: values[i] }), others };
  });
}

function toldOf(json: Json): Told {
  const name = text(json.token);
  const bytes = Array.isArray(json.bytes) ? json.bytes.map((byte) => number(byte, 0)) : [...new TextEncoder().encode(name)];
  const hex = bytes.map((byte) => (byte & 255).toString(16).padStart(2, "0")).join("");
  return { text: name, bytes: hex, logprob: number(json.logprob, NaN) };
}

function recordOf(position: Position, seq: number, t: number, idOf: (told: Told) => number): object {
  const all = [position, ...position.others.filter(({ bytes }) => bytes !== position.bytes)].sort((a, b) => b.logprob - a.logprob);
  const asToken = (told: Told) => ({ id: idOf(told), bytes: told.bytes, text: told.text, piece: told.text });
  const top = all.map((told) => ({ ...asToken(told), logit: told.logprob, score: told.logprob, p: Math.exp(told.logprob), cut_by: null }));
  const p = Math.exp(position.logprob);
  const tail = Math.max(0, 1 - top.reduce((sum, each) => sum + (each.p || 0), 0));
  return {
    schema: 3, seq, t, token: asToken(position), logit: position.logprob, p_raw: p, p,
    rank: 1 + all.filter(({ logprob }) => logprob > position.logprob).length,
    race: null, logsumexp: 0, tail_mass: tail, stages: [], finish: null, top,
  };
}
