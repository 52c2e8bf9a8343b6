// A token as the trace names it.

import { number, object, text } from "./json.ts";

export interface Token {
  readonly id: number;
  readonly bytes: string; // hexadecimal
  readonly text: string;
  readonly piece: string; // its name in the vocabulary
}

export function readToken(value: unknown): Token {
  const json = object(value);
  return { id: number(json.id, -1), bytes: text(json.bytes), text: text(json.text), piece: text(json.piece) };
}
