// The page of a sweep: a plot for each metric, the numbers, the texts.

import { inert } from "../../data/glyphs.ts";
import type { Sweep } from "../../data/sweep.ts";
import { counted, fixed, whole } from "../../format.ts";
import { varies } from "../../sweep/front.ts";
import { namedAxes, places } from "../../sweep/grid.ts";
import { positions } from "../../sweep/plot.ts";
import type { SweepState } from "../../sweep/state.ts";
import { MetricDocs, MetricTable } from "../MetricTable.tsx";
import { Segmented } from "../Segmented.tsx";
import type { Column } from "../Table.tsx";
import { FrontMap } from "./FrontMap.tsx";
import { HeatMap } from "./HeatMap.tsx";
import { LinePlot, PlotKey } from "./LinePlot.tsx";
import { Choice, Filters } from "./Filters.tsx";
import { Texts } from "./Texts.tsx";

export function SweepPage({ state }: { state: SweepState }) {
  const { sweep } = state;
  return (
    <div class="page">
      <header>
        <h1>Sweep of {inert(sweep.file)}</h1>
        <p class="legend">
          <span>{inert(sweep.model)}</span>
          <span>{counts(state)}</span>
          {sweep.failed > 0 && <span>{whole(sweep.failed)} failed</span>}
        </p>
      </header>
      <main class="stacked">
        <FrontMap state={state} />
        <HeatMap state={state} />
        <Plots state={state} />
        <section aria-labelledby="numbers">
          <div class="section-head">
            <h2 id="numbers">Numbers</h2>
            <Filters state={state} />
          </div>
          <Numbers state={state} />
          <MetricDocs metrics={sweep.metrics} />
        </section>
        <Texts state={state} />
      </main>
    </div>
  );
}

function counts(state: SweepState): string {
  const { results, points, prompts, axes } = state.sweep;
  const count = results === points ? counted(points, "point") : `${whole(results)} of ${counted(points, "point")}`;
  const means = prompts > 1 ? `means over ${whole(prompts)} prompts` : "one prompt";
  const drawn = (i: number) => i === state.x.value || i === state.lines.value;
  const more = axes.some(({ labels }, i) => labels.length > 1 && !drawn(i));
  return `${count}; ${means}${more ? ", in the plots also over the other options" : ""}`;
}

function Plots({ state }: { state: SweepState }) {
  const { axes, metrics } = state.sweep;
  const means = state.plotted.value;
  const x = axes[state.x.value]!;
  const labels = x.labels.map(inert);
  const at = positions(labels);
  const lines = state.lines.value === null ? [""] : axes[state.lines.value]!.labels.map(inert);
  const choices = namedAxes(axes).map((i) => ({ value: i, label: inert(axes[i]!.name) }));
  const linesOf = (metric: number) => lines.map((name, i) => ({ label: name, values: means[i]!.map((values) => values[metric] ?? null) }));
  const valuesOf = (metric: number) => linesOf(metric).flatMap(({ values }) => values);
  const [drawn, alike] = parted(metrics.map((_, i) => i), (metric) => varies(metrics[metric]!, valuesOf(metric)) || valuesOf(metric).length < 2);
  const valueOf = (metric: number) => fixed(valuesOf(metric).find((value) => value !== null) ?? NaN, metrics[metric]!.decimals);
  return (
    <section aria-labelledby="plots">
      <div class="section-head">
        <h2 id="plots">Plots</h2>
        {choices.length > 1 && (
          <div class="toolbar">
            <Choice label="along x" value={state.x.value} choices={choices} onChange={(axis) => state.along(axis!)} />
            <Choice label="a line for each" value={state.lines.value} none="nothing" choices={choices.filter(({ value }) => value !== state.x.value)} onChange={(axis) => state.draw(axis)} />
          </div>
        )}
        <Segmented legend="axes" value={state.scale} choices={[{ id: "zero", label: "from 0" }, { id: "fitted", label: "fitted" }]} />
      </div>
      <PlotKey what={state.lines.value === null ? "" : inert(axes[state.lines.value]!.name)} lines={lines} />
      <div class="plots">
        {drawn.map((metric) => {
          const { label, doc, decimals } = metrics[metric]!;
          return (
            <figure key={metric}>
              <LinePlot
                title={inert(label)}
                doc={inert(doc)}
                along={inert(x.name)}
                labels={labels}
                positions={at}
                lines={linesOf(metric)}
                decimals={decimals}
                zero={state.scale.value === "zero"}
                onPick={(line, place) => state.pick(line, place)}
              />
            </figure>
          );
        })}
      </div>
      {alike.length > 0 && <p class="note">The same everywhere: {alike.map((metric) => `${inert(metrics[metric]!.label)} ${valueOf(metric)}`).join(", ")}.</p>}
    </section>
  );
}

function parted<T>(all: readonly T[], first: (each: T) => boolean): [T[], T[]] {
  return [all.filter(first), all.filter((each) => !first(each))];
}

function Numbers({ state }: { state: SweepState }) {
  const { sweep } = state;
  const names = namedAxes(sweep.axes).map((axis): Column<number> => ({
    head: inert(sweep.axes[axis]!.name),
    names: true,
    ...(axis === 0 ? { kind: "name" } : {}),
    cell: (combination) => labelOf(sweep, axis, combination),
  }));
  return <MetricTable label="Means of each combination" metrics={sweep.metrics} names={names} rows={state.listed.value} valuesOf={(i) => sweep.means[i]!} />;
}

function labelOf({ axes }: Sweep, axis: number, combination: number): string {
  return inert(axes[axis]!.labels[places(axes, combination)[axis]!] ?? "");
}
