// How the views of the contrast strategies are looked at: another penalty_alpha, which candidate's past, which layer.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { overruled, type Contrast, type ContrastiveSearch, type Dola, type Layer } from "../data/contrast.ts";
import type { Token } from "../data/token.ts";
import { fieldsOf } from "../link.ts";
import type { Reading } from "../reading.ts";
import type { Statistic } from "./bins.ts";
import { Past } from "./past.ts";
import { reigns, takenPlace, winnerAt, type Reign } from "./winner.ts";

const statistics: readonly Statistic[] = ["divergence", "p"];

export class ContrastState {
  readonly alpha = signal<number | null>(null); // null: as the run
  readonly candidate = signal<number | null>(null); // id of the token whose past is shown; null: the winner's
  readonly statistic = signal<Statistic>("divergence");
  readonly layer = signal<number | null>(null); // row of the map; null: that of the layer that was subtracted

  // Of every step of the text.
  readonly run: ReadonlySignal<readonly (Contrast | null)[]> = computed(() =>
    this.reading.steps.value.map((step) => this.reading.trace.contrast(step)),
  );
  // The steps at which the strategy overruled the model's likeliest token.
  readonly overruled: ReadonlySignal<readonly number[]> = computed(() =>
    this.reading.steps.value.flatMap(({ token }, i) => (overruled(this.run.value[i]!, token) ? [i] : [])),
  );
  readonly dola: ReadonlySignal<readonly (Dola | null)[]> = computed(() =>
    this.run.value.map((contrast) => (contrast?.kind === "dola" ? contrast : null)),
  );
  readonly hasLayers: ReadonlySignal<boolean> = computed(() => {
    const { current, steps, decision } = this.reading;
    const named = current.value.header.strategy === "dola";
    return steps.value.length > 0 && (named || decision.value.contrast?.kind === "dola") && this.dola.value.some((each) => each !== null);
  });
  // The candidate layers of the run, from the top.
  readonly layers: ReadonlySignal<readonly number[]> = computed(() => {
    const all = this.dola.value.flatMap((dola) => dola?.layers.map(({ layer }) => layer!) ?? []);
    return [...new Set(all)].sort((a, b) => b - a);
  });
  readonly row: ReadonlySignal<number> = computed(() => {
    const chosen = this.dola.value[this.reading.index.value]?.chosen ?? null;
    return this.layer.value ?? (chosen === null ? 0 : this.layers.value.indexOf(chosen) + 1);
  });
  readonly past: ReadonlySignal<Past> = computed(() => new Past(this.reading.current.value, this.reading.steps.value));

  readonly search: ReadonlySignal<ContrastiveSearch | null> = computed(() => {
    if (this.reading.steps.value.length === 0) return null;
    const { contrast } = this.reading.decision.value;
    return contrast?.kind === "contrastive_search" ? contrast : null;
  });
  readonly alphaShown: ReadonlySignal<number> = computed(() => this.alpha.value ?? this.search.value?.alpha ?? 0);

  // Places among the candidates: the run's choice, and whom the alpha that is shown would choose.
  readonly taken: ReadonlySignal<number | null> = computed(() => {
    const search = this.search.value;
    return search && takenPlace(search, this.reading.decision.value.token.id);
  });
  readonly winner: ReadonlySignal<number> = computed(() => {
    const own = this.alpha.value === null ? this.taken.value : null;
    return own ?? winnerAt(this.search.value?.candidates ?? [], this.alphaShown.value);
  });
  readonly focus: ReadonlySignal<number> = computed(() => {
    const id = this.candidate.value;
    const place = id === null ? -1 : (this.search.value?.candidates.findIndex((each) => each.id === id) ?? -1);
    return place < 0 ? this.winner.value : place;
  });

  readonly reigns: ReadonlySignal<readonly (readonly Reign[] | null)[]> = computed(() =>
    this.run.value.map((contrast) => (contrast?.kind === "contrastive_search" ? reigns(contrast.candidates) : null)),
  );
  // The steps that would have chosen another token, each with the text as it was.
  readonly changes: ReadonlySignal<readonly number[]> = computed(() => {
    const { steps } = this.reading;
    if (this.alpha.value === null) return [];
    const differs = (_: unknown, i: number) => (this.winnerOf(i)?.id ?? steps.value[i]!.token.id) !== steps.value[i]!.token.id;
    return steps.value.map((_, i) => i).filter(differs);
  });

  constructor(readonly reading: Reading) {}

  // Row 0 is the final layer; null: not a candidate there.
  layerAt(column: number, row: number): Layer | null {
    const dola = this.dola.value[column];
    if (!dola) return null;
    return row === 0 ? dola.final : (dola.layers.find(({ layer }) => layer === this.layers.value[row - 1]) ?? null);
  }

  // Whom the alpha that is shown would choose at a step.
  winnerOf(index: number): Token | null {
    const contrast = this.run.value[index];
    if (contrast?.kind !== "contrastive_search") return null;
    return contrast.candidates[winnerAt(contrast.candidates, this.alpha.value ?? contrast.alpha)] ?? null;
  }

  setAlpha(alpha: number | null): void {
    const own = this.search.value?.alpha;
    this.alpha.value = alpha === null || alpha === own ? null : Math.max(0, Math.min(alpha, 1));
  }

  go(hash: string): void {
    const fields = fieldsOf(hash);
    const alpha = Number(fields.get("penalty_alpha") || NaN);
    batch(() => {
      this.setAlpha(Number.isFinite(alpha) ? alpha : null);
      this.statistic.value = statistics.find((each) => each === fields.get("layers")) ?? "divergence";
    });
  }

  // What go() reads.
  readonly link: ReadonlySignal<string> = computed(() => {
    const alpha = this.alpha.value === null ? "" : `&penalty_alpha=${this.alpha.value}`;
    return alpha + (this.statistic.value === "divergence" ? "" : `&layers=${this.statistic.value}`);
  });
}
