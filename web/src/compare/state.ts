// How a comparison is looked at: what the texts are held against, and whose decisions are open.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Comparison } from "../data/comparison.ts";
import { Trace } from "../data/trace.ts";
import { fieldsOf, hashOf, placeIn } from "../link.ts";
import { State } from "../state.ts";
import { views } from "../ui/views.ts";

export interface Opened {
  readonly prompt: number;
  readonly setting: number;
  readonly state: State;
}

export class ComparisonState {
  readonly against = signal("all"); // or the place of a setting
  readonly opened = signal<Opened | null>(null);

  readonly link: ReadonlySignal<string> = computed(() => {
    const opened = this.opened.value;
    return hashOf([
      this.against.value !== "all" && `against=${this.against.value}`,
      opened !== null && `cell=${opened.prompt}.${opened.setting}.${opened.state.index.value}`,
    ]);
  });

  constructor(
    readonly comparison: Comparison,
    hash: string,
  ) {
    this.go(hash);
  }

  go(hash: string): void {
    if (hash === this.link.peek()) return;
    const fields = fieldsOf(hash);
    const wanted = placeIn(fields, "against", this.comparison.settings.length);
    const cell = /^(\d+)\.(\d+)\.(\d+)$/.exec(fields.get("cell") ?? "");
    batch(() => {
      this.against.value = wanted !== null ? String(wanted) : "all";
      if (cell) this.open(Number(cell[1]), Number(cell[2]), Number(cell[3]));
      else this.opened.value = null;
    });
  }

  has(prompt: number, setting: number): boolean {
    return this.comparison.traces.has(`${prompt} ${setting}`);
  }

  // The decisions of a text, at a token.
  open(prompt: number, setting: number, token: number | null): void {
    const lines = this.comparison.traces.get(`${prompt} ${setting}`);
    if (lines === undefined) return;
    const known = this.opened.value;
    const same = known?.prompt === prompt && known.setting === setting;
    const state = same ? known.state : new State(new Trace(lines), views.map(({ id }) => id), "");
    if (token !== null) state.select(token);
    if (!same) this.opened.value = { prompt, setting, state };
  }
}
