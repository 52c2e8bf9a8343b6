// What a record says of the guesses that were there for its token. q is what the guess was drawn from (1: it was not
// drawn), p the model's probability of it when its turn came, chance that of being accepted.

import { list, number, object, optional, text } from "./json.ts";
import { readToken, type Token } from "./token.ts";

export type Verdict = "accepted" | "rejected" | "resampled" | "bonus";

export interface Guess extends Token {
  readonly q: number;
  readonly p: number | null; // null: by race nothing is computed
  readonly chance: number | null;
  readonly kept: boolean | null;
}

export interface Speculation {
  readonly drafter: string;
  readonly verify: string;
  readonly guesses: number | null; // of the round, at all depths; null: not told
  readonly depth: number; // 0: the token that comes next anyway
  readonly verdict: Verdict;
  readonly source: number | null; // the position that the token was copied from
  readonly drafted: readonly Guess[];
}

export function readSpeculation(value: unknown): Speculation | null {
  if (value === undefined || value === null) return null;
  const json = object(value);
  const verify = text(json.verify) || "race";
  return {
    drafter: text(json.drafter),
    verify,
    guesses: optional(json.guesses),
    depth: number(json.depth, 0),
    verdict: verdictOf(text(json.verdict), verify),
    source: optional(json.source),
    drafted: list(json.drafted).map((each) => ({
      ...readToken(each),
      q: number(each.q, 1),
      p: optional(each.p),
      chance: optional(each.chance),
      kept: typeof each.kept === "boolean" ? each.kept : null,
    })),
  };
}

// By race the token in place of a guess is the model's own; else it was drawn from what the refused guesses left.
function verdictOf(name: string, verify: string): Verdict {
  if (name === "accepted" || name === "bonus" || name === "resampled") return name;
  return verify === "race" ? "rejected" : "resampled";
}
