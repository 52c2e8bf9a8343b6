// What a text has in common with others, where it parts from them, and what it repeats, as stretches of one look.

import type { ComparedPrompt, ComparedText } from "../data/comparison.ts";
import { aligned } from "./align.ts";

export interface Piece {
  readonly token: number; // its place in the text
  readonly text: string;
}

export interface Stretch {
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly shared: boolean; // with those that it is held against, from the beginning on
  readonly again: boolean; // aligned with the text that it is held against, behind where they part
  readonly parts: boolean; // the first character that they do not have
  readonly repeated: boolean;
}

// Of the text of one setting. `against` another one; null: against all others, and every place where it leaves one that
// it had followed is marked. A text held against itself parts nowhere.
export function stretches(prompt: ComparedPrompt, setting: number, against: number | null): Stretch[] {
  const text = prompt.texts[setting]!;
  const shared = against === setting ? 0 : sharedTokens(prompt, text, against);
  const partings = new Set(against === setting || prompt.texts.length < 2 ? [] : partingsOf(prompt, setting, against, shared).map((at) => firstShown(text, at)));
  const again = againIn(prompt, setting, against, shared);
  const found: Stretch[] = [];
  text.pieces.forEach((piece, i) => {
    const next: Stretch = { text: piece, pieces: [{ token: i, text: piece }], shared: i < shared, again: again.has(i), parts: partings.has(i), repeated: text.repeats(i) };
    const last = found.at(-1);
    if (last && last.shared === next.shared && last.again === next.again && !last.parts && !next.parts && last.repeated === next.repeated) {
      found[found.length - 1] = { ...last, text: last.text + piece, pieces: [...last.pieces, ...next.pieces] };
    } else if (piece !== "") {
      found.push(next);
    }
  });
  return found;
}

function againIn(prompt: ComparedPrompt, setting: number, against: number | null, shared: number): ReadonlySet<number> {
  const other = against === null || against === setting ? undefined : prompt.texts[against];
  if (!other || other.error !== null) return new Set();
  const found = aligned(prompt.texts[setting]!.ids.slice(shared), other.ids.slice(shared));
  return new Set([...found].map((i) => i + shared));
}

// The first tokens that a text does not share with another that it had followed so far.
function partingsOf(prompt: ComparedPrompt, setting: number, against: number | null, shared: number): number[] {
  if (against !== null) return [shared];
  const text = prompt.texts[setting]!;
  const others = prompt.texts.filter((other, i) => i !== setting && other.error === null);
  const ends = others.filter((other) => agreement(text, other) >= shared).map((other) => agreement(text, other));
  return [shared, ...ends.filter((at) => at < text.pieces.length)];
}

function sharedTokens(prompt: ComparedPrompt, text: ComparedText, against: number | null): number {
  if (against === null) return prompt.common;
  const other = prompt.texts[against];
  if (!other || other.error !== null) return 0;
  return agreement(text, other);
}

function agreement(text: ComparedText, other: ComparedText): number {
  const differs = (_: string, i: number) => text.ids[i] !== other.ids[i] || text.pieces[i] !== other.pieces[i];
  const parting = text.pieces.findIndex(differs);
  return parting < 0 ? text.pieces.length : parting;
}

// The token with which the first character from `token` on is whole.
function firstShown({ pieces }: ComparedText, token: number): number {
  return pieces.findIndex((piece, i) => i >= token && piece !== "");
}
