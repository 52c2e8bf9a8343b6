// The records of a text as they come, as far as they are shown before it has ended: its tokens with their alternatives,
// or of a search the texts that are alive.

import { Utf8Pieces } from "./pieces.ts";
import { list, number, object, type Json } from "../data/json.ts";
import { asTheModelSays, readHead, type Head } from "../data/record.ts";
import { readToken, type Token } from "../data/token.ts";

export interface Alternative extends Token {
  readonly p: number; // the model's, before any option
}

export interface LiveToken extends Head {
  readonly shown: string; // whole characters, each in the last of its tokens
  readonly alternatives: readonly Alternative[]; // the likeliest first; the token itself is one, where it is listed
}

const mostAlternatives = 12;

export class Live {
  readonly tokens: LiveToken[] = [];
  beams: string[] = []; // the best first

  #pieces = new Utf8Pieces();
  #texts = new Map<number, string>(); // of the nodes of a search

  take(record: Json): void {
    if (record.search !== undefined) this.#search(object(record.search));
    else if (record.token !== undefined && number(record.seq, 0) === 0) this.#token(record);
  }

  #token(record: Json): void {
    const head = asTheModelSays(readHead(record), record);
    const alternatives = list(record.top)
      .map((each): Alternative => ({ ...readToken(each), p: Math.exp(number(each.logit, -Infinity) - head.logsumexp) }))
      .sort((a, b) => b.p - a.p)
      .slice(0, mostAlternatives);
    this.tokens.push({ ...head, shown: this.#pieces.push(head.token.bytes), alternatives });
  }

  #search(step: Json): void {
    const alive: [number, string][] = [];
    for (const each of list(step.candidates)) {
      if (typeof each.node !== "number") continue;
      const text = (this.#texts.get(number(each.parent, -1)) ?? "") + readToken(each.token).text;
      this.#texts.set(each.node, text);
      if (each.fate === "kept") alive.push([number(each.lane, 0), text]);
    }
    this.beams = alive.sort(([a], [b]) => a - b).map(([, text]) => text);
  }
}
