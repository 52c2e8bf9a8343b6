// Tokens that are parts of a character, joined under the character that they form.

import { begin, proceed, stretches, type Expected } from "./utf8.ts";

export interface Group {
  readonly first: number;
  readonly last: number; // included
  readonly text: string | null; // null: the bytes form no character, not even together
}

// Every token is in one group; most groups are one token.
export function group(tokens: readonly Uint8Array[]): Group[] {
  const groups: Group[] = [];
  for (let first = 0; first < tokens.length; ) {
    let last = first;
    let open = openAfter(null, tokens[first]!);
    while (open !== null && last + 1 < tokens.length && continues(open, tokens[last + 1]!)) {
      ++last;
      open = openAfter(open, tokens[last]!);
    }
    groups.push({ first, last, text: textOf(tokens.slice(first, last + 1)) });
    first = last + 1;
  }
  return groups;
}

function continues(open: Expected, bytes: Uint8Array): boolean {
  return bytes.length > 0 && proceed(open, bytes[0]!) !== null;
}

// The character that `bytes` leave unfinished, null if none.
function openAfter(open: Expected | null, bytes: Uint8Array): Expected | null {
  for (const byte of bytes) {
    open = (open && proceed(open, byte)) ?? begin(byte);
    if (open?.left === 0) open = null;
  }
  return open;
}

function textOf(tokens: readonly Uint8Array[]): string | null {
  const bytes = new Uint8Array(tokens.reduce((sum, token) => sum + token.length, 0));
  let at = 0;
  for (const token of tokens) {
    bytes.set(token, at);
    at += token.length;
  }
  const found = stretches(bytes);
  if (found.length === 0) return "";
  const only = found[0]!;
  return found.length === 1 && "text" in only ? only.text : null;
}
