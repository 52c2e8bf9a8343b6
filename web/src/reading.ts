// Where a trace is being read, for whatever looks at it in its own way (tree/state.ts, contrast/state.ts).

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Decision } from "./data/record.ts";
import type { Run, Step, Trace } from "./data/trace.ts";

export interface Reading {
  readonly trace: Trace;
  readonly sequence: Signal<number>;
  readonly index: Signal<number>;
  readonly current: ReadonlySignal<Run>;
  readonly steps: ReadonlySignal<readonly Step[]>; // of the sequence
  readonly decision: ReadonlySignal<Decision>; // of the step
  select(index: number): void;
}
