// The guesses of a run, and where in the text they were copied from.

import { computed, type ReadonlySignal } from "@preact/signals";
import { Past } from "../contrast/past.ts";
import { inert } from "../data/glyphs.ts";
import type { Reading } from "../reading.ts";
import { roundsOf, sumsOf, type Round, type Sums } from "./rounds.ts";

export class SpeculationState {
  readonly exists: ReadonlySignal<boolean> = computed(() => this.reading.steps.value.some(({ speculative }) => speculative !== null));
  readonly rounds: ReadonlySignal<readonly Round[]> = computed(() => (this.exists.value ? roundsOf(this.reading.steps.value) : []));
  readonly sums: ReadonlySignal<Sums> = computed(() => sumsOf(this.rounds.value));
  readonly past: ReadonlySignal<Past> = computed(() => new Past(this.reading.current.value, this.reading.steps.value));

  // The round that is looked at, counted from 0.
  readonly here: ReadonlySignal<number> = computed(() => this.rounds.value.findLastIndex(({ first }) => first <= this.reading.index.value));

  // The first guess that was not kept, or where there is none the first that was.
  readonly interesting: ReadonlySignal<number | null> = computed(() => {
    const steps = this.reading.steps.value;
    const refused = steps.findIndex(({ speculative }) => speculative?.verdict === "rejected" || speculative?.verdict === "resampled");
    const first = refused >= 0 ? refused : steps.findIndex(({ speculative }) => speculative !== null);
    return first < 0 ? null : first;
  });

  // Who guessed, behind the sentence of how the text was made.
  readonly words: ReadonlySignal<string> = computed(() => {
    const names = [...new Set(this.rounds.value.flatMap(({ drafter }) => drafter ?? []))];
    const verify = this.reading.steps.value.find(({ speculative }) => speculative !== null)?.speculative?.verify;
    return names.length === 0 ? "" : ` Guesses of ${inert(names.join(" and "))}, verified by ${inert(verify!)}.`;
  });

  constructor(readonly reading: Reading) {}
}
