// The state of the page: a place in the trace and how it is looked at. Everything that is shown follows from these.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { ContrastState } from "./contrast/state.ts";
import { samples } from "./data/options.ts";
import { divergence, firstInteresting } from "./data/overview.ts";
import type { Decision } from "./data/record.ts";
import type { Run, Step, Trace } from "./data/trace.ts";
import { read, write, type Place } from "./link.ts";
import { picture, recorded, replayed, type Picture, type Wing } from "./picture.ts";
import type { Reading } from "./reading.ts";
import { replay } from "./sampling/replay.ts";
import { rewrite, type Rewritten } from "./sampling/rewrite.ts";
import { minTokensToKeep, same, settingsOf, type Settings } from "./sampling/settings.ts";
import { BeyondTrace } from "./sampling/survivors.ts";
import { SpeculationState } from "./speculation/state.ts";
import { TreeState } from "./tree/state.ts";

export type ColorBy = "probability" | "rank" | "entropy" | "guesses";
export type Scale = "linear" | "log";

export const mostRewritten = 1000; // steps that are looked at

export class State implements Reading {
  readonly run = signal(0);
  readonly sequence = signal(0);
  readonly index = signal(0);
  readonly view = signal("butterfly");
  readonly scale = signal<Scale>("linear");
  readonly colorBy = signal<ColorBy>("probability");
  readonly changed = signal<Settings | null>(null); // null: as recorded
  readonly compareWith = signal<number | null>(null); // a run
  readonly expanded = signal(false); // every candidate, not only the first ones
  readonly tree = new TreeState(this);
  readonly contrast = new ContrastState(this);
  readonly speculation = new SpeculationState(this);

  readonly current: ReadonlySignal<Run> = computed(() => this.trace.runs[this.run.value]!);
  readonly steps: ReadonlySignal<readonly Step[]> = computed(() => this.current.value.sequences[this.sequence.value] ?? []);
  readonly decision: ReadonlySignal<Decision> = computed(() => this.trace.decision(this.steps.value[this.index.value]!));
  // Whether other settings of sampling would say anything.
  readonly whatIf: ReadonlySignal<boolean> = computed(() => samples(this.current.value.header) && this.decision.value.score === null && !Number.isNaN(this.decision.value.kept) && this.contrast.search.value === null);
  readonly settings: ReadonlySignal<Settings> = computed(() => this.changed.value ?? settingsOf(this.current.value.header));

  // What the changed settings make of the step: a wing, or why that cannot be known; null where nothing was changed.
  readonly replayed: ReadonlySignal<Wing | string | null> = computed(() => {
    const settings = this.changed.value;
    if (settings === null || !this.whatIf.value) return null;
    const decision = this.decision.value;
    try {
      const result = replay(decision, settings, minTokensToKeep(this.current.value.header));
      return replayed(decision, result, "with your settings");
    } catch (error) {
      if (error instanceof BeyondTrace) return error.message;
      throw error;
    }
  });

  // Where the same noise would have drawn another token under the changed settings, in the first of the text's steps.
  readonly rewritten: ReadonlySignal<readonly Rewritten[] | null> = computed(() => {
    const { changed, whatIf, trace } = this;
    const { header } = this.current.value;
    const { seed } = header.options;
    if (changed.value === null || !whatIf.value || typeof seed !== "number" || !this.decision.value.race) return null;
    const decisions = this.steps.value.slice(0, mostRewritten).map((step) => trace.decision(step));
    return rewrite(decisions, changed.value, seed, minTokensToKeep(header));
  });

  // The same step of the run that is compared with; null where there is none.
  readonly counterpart: ReadonlySignal<Step | null> = computed(() => {
    const other = this.compareWith.value;
    if (other === null || other === this.run.value) return null;
    const sequences = this.trace.runs[other]?.sequences ?? [];
    return (sequences[this.sequence.value] ?? sequences[0])?.[this.index.value] ?? null;
  });

  // Whether the counterpart stands behind another text.
  readonly parted: ReadonlySignal<boolean> = computed(() => {
    const other = this.trace.runs[this.compareWith.value ?? this.run.value];
    const steps = other?.sequences[this.sequence.value] ?? other?.sequences[0] ?? [];
    const at = divergence(this.steps.value, steps);
    return at !== null && at < this.index.value;
  });

  readonly picture: ReadonlySignal<Picture> = computed(() => {
    const decision = this.decision.value;
    const own = recorded(decision, "as recorded");
    const changed = this.replayed.value;
    const wing = changed !== null && typeof changed !== "string" ? changed : own;
    const step = this.counterpart.value;
    if (step === null) return picture(decision, wing, wing === own ? null : own, []);
    const theirs = this.trace.decision(step);
    const label = this.trace.runs[this.compareWith.value!]!.header.label;
    return picture(decision, wing, recorded(theirs, label), [...theirs.top]);
  });

  readonly place: ReadonlySignal<Place> = computed(() => ({
    run: this.run.value,
    sequence: this.sequence.value,
    t: this.steps.value[this.index.value]?.t ?? null,
    view: this.view.value,
    settings: this.changed.value,
  }));
  readonly link: ReadonlySignal<string> = computed(() => write(this.place.value) + this.tree.link.value + this.contrast.link.value);

  constructor(
    readonly trace: Trace,
    readonly views: readonly string[],
    hash: string,
  ) {
    this.sequence.value = firstSequence(trace.runs[0]!);
    const { strategy } = trace.runs[0]!.header;
    const own = views.includes(strategy);
    if (own && strategy !== "contrastive_search") this.scale.value = "log"; // most of what is subtracted is too small to see
    if (own) this.view.value = strategy;
    if (this.sequence.value === 0) this.index.value = (own && trace.runs.length === 1 ? this.contrast.overruled.value[0] : undefined) ?? firstInteresting(trace.runs);
    if (this.speculation.exists.value) this.openGuesses();
    // Runs of one step each were made to be compared.
    if (trace.runs.length > 1 && trace.runs.every(({ sequences }) => sequences.flat().length === 1)) this.compareWith.value = 1;
    this.go(hash);
  }

  // A run in which somebody guessed opens at the first guess that was not kept.
  private openGuesses(): void {
    this.colorBy.value = "guesses";
    if (this.view.value === "butterfly") this.view.value = "speculative";
    if (this.trace.runs.length === 1) this.index.value = this.speculation.interesting.value ?? this.index.value;
  }

  // To where a link points, as far as it exists.
  go(hash: string): void {
    const place = read(hash);
    batch(() => {
      if (this.trace.runs[place.run]) this.run.value = place.run;
      if (this.current.value.sequences[place.sequence]?.length) this.sequence.value = place.sequence;
      const index = this.steps.value.findIndex(({ t }) => t === place.t);
      this.select(index >= 0 ? index : this.index.value);
      if (place.view !== null && this.views.includes(place.view)) this.view.value = place.view;
      this.change(place.settings);
      this.tree.go(hash);
      this.contrast.go(hash);
    });
  }

  select(index: number): void {
    this.index.value = Math.max(0, Math.min(index, this.steps.value.length - 1));
    this.tree.picked.value = null;
    this.contrast.candidate.value = null;
    this.contrast.layer.value = null;
  }

  // Other settings stay changed from token to token, and are forgotten from run to run.
  selectRun(run: number): void {
    batch(() => {
      if (this.compareWith.value === run) this.compareWith.value = this.run.value;
      this.run.value = run;
      if (!this.current.value.sequences[this.sequence.value]?.length) {
        this.sequence.value = firstSequence(this.current.value);
      }
      this.changed.value = null;
      if (this.colorBy.value === "guesses" && !this.speculation.exists.value) this.colorBy.value = "probability";
      this.tree.rank(null);
      this.contrast.setAlpha(null);
      this.select(this.index.value);
    });
  }

  selectSequence(sequence: number): void {
    batch(() => {
      this.sequence.value = sequence;
      this.select(this.index.value);
    });
  }

  change(settings: Settings | null): void {
    this.changed.value = settings !== null && same(settings, settingsOf(this.current.value.header)) ? null : settings;
  }
}

function firstSequence(run: Run): number {
  return Math.max(0, run.sequences.findIndex((steps) => steps.length > 0));
}
