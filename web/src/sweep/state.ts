// How a sweep is looked at: what is drawn along x, what has a line each, and which combinations are listed.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Sweep } from "../data/sweep.ts";
import { fieldsOf, hashOf, placeIn } from "../link.ts";
import { firstChoice } from "./front.ts";
import { directionsOf, matching, places, plotted, type Filter } from "./grid.ts";
import type { Values } from "../data/metrics.ts";

export class SweepState {
  readonly x = signal(0); // an axis
  readonly lines = signal<number | null>(null);
  readonly scale = signal<"fitted" | "zero">("zero");
  readonly filter = signal<Filter>([]);
  readonly mapX = signal(0); // metrics of the map
  readonly mapY = signal(1);
  readonly heat = signal(1); // the metric of the heat map
  readonly only: ReadonlySignal<number | null> = computed(() => (this.listed.value.length === 1 ? this.listed.value[0]! : null));

  readonly plotted: ReadonlySignal<readonly (readonly Values[])[]> = computed(() => plotted(this.sweep, { x: this.x.value, lines: this.lines.value }));
  readonly listed: ReadonlySignal<readonly number[]> = computed(() => matching(this.sweep, this.filter.value));
  readonly link: ReadonlySignal<string> = computed(() => {
    const own = directionsOf(this.sweep.axes);
    const first = firstChoice(this.sweep.metrics, this.sweep.means);
    return hashOf([
      this.x.value !== own.x && `x=${this.x.value}`,
      this.lines.value !== own.lines && `lines=${this.lines.value ?? "none"}`,
      this.scale.value !== "zero" && `scale=${this.scale.value}`,
      this.mapX.value !== first.x && `mx=${this.mapX.value}`,
      this.mapY.value !== first.y && `my=${this.mapY.value}`,
      this.heat.value !== first.y && `heat=${this.heat.value}`,
      ...this.filter.value.map((place, axis) => place !== null && `at${axis}=${place}`),
    ]);
  });

  constructor(
    readonly sweep: Sweep,
    hash: string,
  ) {
    this.go(hash);
  }

  // What `link` says, as far as it exists.
  go(hash: string): void {
    const { axes } = this.sweep;
    const fields = fieldsOf(hash);
    const place = (name: string, end: number) => placeIn(fields, name, end);
    const own = directionsOf(axes);
    this.x.value = place("x", axes.length) ?? own.x;
    this.draw(fields.get("lines") === "none" ? null : (place("lines", axes.length) ?? own.lines));
    this.scale.value = fields.get("scale") === "fitted" ? "fitted" : "zero";
    this.filter.value = axes.map(({ labels }, axis) => place(`at${axis}`, labels.length));
    const first = firstChoice(this.sweep.metrics, this.sweep.means);
    this.mapX.value = place("mx", this.sweep.metrics.length) ?? first.x;
    this.mapY.value = place("my", this.sweep.metrics.length) ?? first.y;
    this.heat.value = place("heat", this.sweep.metrics.length) ?? first.y;
  }

  // An axis is drawn in one direction only.
  along(x: number): void {
    if (this.lines.value === x) this.lines.value = this.x.value;
    this.x.value = x;
  }

  draw(lines: number | null): void {
    this.lines.value = lines === this.x.value ? null : lines;
  }

  // Lists the combinations of a point of the plots.
  pick(line: number, place: number): void {
    const { x, lines } = this;
    this.filter.value = this.sweep.axes.map((_, axis) => (axis === x.value ? place : axis === lines.value ? line : null));
  }

  pickOne(combination: number): void {
    this.filter.value = places(this.sweep.axes, combination);
  }

  limit(axis: number, place: number | null): void {
    this.filter.value = this.filter.value.map((each, i) => (i === axis ? place : each));
  }
}
