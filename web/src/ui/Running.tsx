// A text to be read: blanks as they are, what is invisible or acts on the text around it as its number.

import { parts } from "../data/glyphs.ts";

export function Running({ text }: { text: string }) {
  return <>{parts(text).map((part) => (part.kind === "mark" ? <span class="mark">{part.label}</span> : part.text))}</>;
}
