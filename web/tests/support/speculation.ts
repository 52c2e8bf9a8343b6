// A trace with guesses, every kind of verdict in it: prompt lookup by race, or a draft model by rejection.

import { header, lines, record, token, type TokenJson } from "./fixtures.ts";

export const words = ["The", " cat", " sat", " on", " the", " mat", ".", " dog", " ran", "\n"].map((text, id) => token(id, text));

const prompt = [0, 1, 2, 3, 4]; // The cat sat on the

const run = { ...header, strategy: "greedy", prompt_ids: prompt, prompt_text: "The cat sat on the", prompt_tokens: prompt.map((id) => words[id]!) };

export interface Place {
  readonly id: number;
  readonly guesses?: readonly number[]; // at this place; none: bonus, or nobody guessed
  readonly source?: number;
  readonly plain?: boolean;
}

// Rounds: each a number of guesses, and its places.
export const rounds: readonly { readonly guesses: number; readonly places: readonly Place[] }[] = [
  { guesses: 0, places: [{ id: 5, plain: true }] },
  { guesses: 3, places: [{ id: 1, guesses: [1], source: 1 }, { id: 2, guesses: [2], source: 2 }, { id: 8, guesses: [3] }] },
  { guesses: 2, places: [{ id: 3, guesses: [3], source: 3 }, { id: 4, guesses: [4], source: 4 }, { id: 7, guesses: [] }] },
  { guesses: 10, places: [{ id: 6, guesses: [5, 9] }] },
  { guesses: 0, places: [{ id: 9, plain: true }] },
  { guesses: 1, places: [{ id: 5, guesses: [5], source: 5 }, { id: 6, guesses: [] }] },
];

export function lookupTrace(): string {
  return trace("prompt_lookup", "race");
}

export function rejectionTrace(): string {
  return trace("draft_model", "rejection");
}

function trace(drafter: string, verify: string): string {
  let t = prompt.length;
  const records = rounds.flatMap(({ guesses, places }) =>
    places.map((place, depth) => {
      const others = words.filter(({ id }) => id !== place.id).slice(0, 5);
      const speculative = place.plain ? {} : { speculative: payload(drafter, verify, guesses, depth, place) };
      return record(t++, words[place.id]!, others, { u: null, ...speculative });
    }),
  );
  return lines(records, run);
}

function payload(drafter: string, verify: string, guesses: number, depth: number, { id, guesses: here = [], source }: Place): object {
  const kept = here.includes(id);
  const drafted = here.map((each) => ({ ...(words[each] as TokenJson), ...numbers(verify, each === id) }));
  const from = verify === "race" && kept ? (source ?? null) : null;
  return { drafter, verify, guesses, depth, verdict: kept ? "accepted" : here.length === 0 ? "bonus" : "rejected", source: from, drafted };
}

function numbers(verify: string, kept: boolean): object {
  if (verify === "race") return { q: 1 };
  return kept ? { q: 0.25, p: 0.5, chance: 1, kept } : { q: 0.5, p: 0.125, chance: 0.25, kept };
}
