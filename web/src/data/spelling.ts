// A token in one line of visible characters; bytes that are no characters in hexadecimal.

import { fromHex, hexPairs } from "./bytes.ts";
import { visible } from "./glyphs.ts";
import type { Token } from "./token.ts";
import { stretches } from "./utf8.ts";

export function spelled({ bytes, piece }: Token, longest = Infinity): string {
  if (bytes === "") return shorten(visible(piece), longest);
  const shown = stretches(fromHex(bytes.slice(0, 8 * longest)))
    .map((stretch) => ("text" in stretch ? visible(stretch.text) : hexPairs(stretch.bytes)))
    .join("");
  return shorten(shown, longest);
}

function shorten(text: string, longest: number): string {
  const characters = Array.from(text);
  return characters.length > longest ? characters.slice(0, longest - 1).join("") + "…" : text;
}
