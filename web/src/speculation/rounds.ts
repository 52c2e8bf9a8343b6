// The rounds in which a text was written: from one end of the text that was evaluated to the next.

import type { Step } from "../data/trace.ts";

export interface Round {
  readonly first: number; // index of its first token
  readonly length: number; // tokens that it wrote
  readonly drafter: string | null; // null: nobody had anything to say
  readonly guesses: number; // tokens
  readonly kept: number;
}

export function roundsOf(steps: readonly Step[]): readonly Round[] {
  const rounds: Round[] = [];
  for (let first = 0; first < steps.length; ) {
    let end = first + 1;
    if (steps[first]!.speculative !== null) {
      while (end < steps.length && (steps[end]!.speculative?.depth ?? 0) > 0) ++end;
    }
    rounds.push(round(steps, first, end));
    first = end;
  }
  return rounds;
}

function round(steps: readonly Step[], first: number, end: number): Round {
  const told = steps.slice(first, end).map(({ speculative }) => speculative);
  const seen = told.reduce((sum, each) => sum + (each?.drafted.length ?? 0), 0);
  return {
    first,
    length: end - first,
    drafter: told[0]?.drafter ?? null,
    guesses: told[0]?.guesses ?? seen,
    kept: told.filter((each) => each?.verdict === "accepted").length,
  };
}

export interface Sums {
  readonly rounds: number;
  readonly guesses: number;
  readonly kept: number;
  readonly saved: number; // evaluations: tokens that came without one of their own
}

export function sumsOf(rounds: readonly Round[]): Sums {
  const sum = (value: (round: Round) => number) => rounds.reduce((all, each) => all + value(each), 0);
  return { rounds: rounds.length, guesses: sum(({ guesses }) => guesses), kept: sum(({ kept }) => kept), saved: sum(({ length }) => length - 1) };
}
