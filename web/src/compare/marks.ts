// What a text has in common with others, where it parts from them, and what it repeats, as stretches of one look.

import type { ComparedPrompt, ComparedText } from "../data/comparison.ts";

export interface Stretch {
  readonly text: string;
  readonly shared: boolean; // with those that it is held against
  readonly parts: boolean; // the first character that they do not have
  readonly repeated: boolean;
}

// Of the text of one setting. `against` another one; null: against all others. A text held against itself parts nowhere.
export function stretches(prompt: ComparedPrompt, setting: number, against: number | null): Stretch[] {
  const text = prompt.texts[setting]!;
  const shared = against === setting ? 0 : sharedTokens(prompt, text, against);
  const parting = against === setting || prompt.texts.length < 2 ? -1 : firstShown(text, shared);
  const found: Stretch[] = [];
  text.pieces.forEach((piece, i) => {
    const next: Stretch = { text: piece, shared: i < shared, parts: i === parting, repeated: text.repeats(i) };
    const last = found.at(-1);
    if (last && last.shared === next.shared && last.parts === next.parts && last.repeated === next.repeated) {
      found[found.length - 1] = { ...last, text: last.text + piece };
    } else if (piece !== "") {
      found.push(next);
    }
  });
  return found;
}

function sharedTokens(prompt: ComparedPrompt, text: ComparedText, against: number | null): number {
  if (against === null) return prompt.common;
  const other = prompt.texts[against];
  if (!other || other.error !== null) return 0;
  const differs = (_: string, i: number) => text.ids[i] !== other.ids[i] || text.pieces[i] !== other.pieces[i];
  const parting = text.pieces.findIndex(differs);
  return parting < 0 ? text.pieces.length : parting;
}

// The token with which the first character from `token` on is whole.
function firstShown({ pieces }: ComparedText, token: number): number {
  return pieces.findIndex((piece, i) => i >= token && piece !== "");
}
