// Several tokens as one line of text; bytes that form no character in hexadecimal, tokens without text by their names.

import { fromHex, hexPairs } from "./bytes.ts";
import { inert } from "./glyphs.ts";
import type { Token } from "./token.ts";
import { stretches } from "./utf8.ts";

const longest = 200; // bytes of a token; more cannot be seen in a line

export function plainText(tokens: readonly Token[]): string {
  let text = "";
  let hex = "";
  const close = () => {
    text += stretches(fromHex(hex)).map((part) => ("text" in part ? inert(part.text) : hexPairs(part.bytes))).join("");
    hex = "";
  };
  for (const { bytes, piece } of tokens) {
    if (bytes !== "") {
      hex += bytes.slice(0, 2 * longest);
      continue;
    }
    close();
    text += inert(piece.slice(0, longest));
  }
  close();
  return text;
}

// The end of it.
export function endOf(tokens: readonly Token[], characters: number): string {
  const text = Array.from(plainText(tokens.slice(-characters)));
  return text.length > characters || tokens.length > characters ? "…" + text.slice(-characters).join("") : text.join("");
}
