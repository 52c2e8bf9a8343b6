// One metric over two options: a cell for each pair of their values, its tint the stronger the larger the number.

import { inert } from "../../data/glyphs.ts";
import { fixed } from "../../format.ts";
import { directionOf } from "../../sweep/front.ts";
import { bestOf, shades } from "../../sweep/heat.ts";
import type { SweepState } from "../../sweep/state.ts";
import { Choice } from "./Filters.tsx";

export function HeatMap({ state }: { state: SweepState }) {
  const { axes, metrics } = state.sweep;
  const lines = state.lines.value;
  const metric = metrics[state.heat.value];
  const [across, down] = [axes[state.x.value]!, lines === null ? undefined : axes[lines]];
  if (!metric || !down || down.labels.length < 2 || across.labels.length < 2) return null;
  const values = state.plotted.value.map((line) => line.map((all) => all[state.heat.value] ?? null));
  const shade = shades(values.flat());
  const best = bestOf(values.flat(), directionOf(metric));
  const choices = metrics.map(({ label }, value) => ({ value, label: inert(label) }));
  const name = (line: number, place: number) => `${inert(across.name)} ${inert(across.labels[place]!)}, ${inert(down.name)} ${inert(down.labels[line]!)}`;
  return (
    <section class="heat" aria-labelledby="heat">
      <div class="section-head">
        <h2 id="heat">Two options</h2>
        <div class="toolbar">
          <Choice label="metric" value={state.heat.value} choices={choices} onChange={(chosen) => (state.heat.value = chosen!)} />
        </div>
      </div>
      <p class="note">
        {inert(metric.label)}: {inert(metric.doc)}. The stronger the tint, the larger the number{best === null ? "" : "; framed is the best"}. A click lists the texts below.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Two options, may scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{inert(down.name)} ↓</th>
              <th scope="colgroup" colSpan={across.labels.length}>
                {inert(across.name)} →
              </th>
            </tr>
            <tr>
              <td />
              {across.labels.map((label) => (
                <th scope="col" class="num">
                  {inert(label)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {values.map((line, i) => (
              <tr>
                <th scope="row" class="num">
                  {inert(down.labels[i]!)}
                </th>
                {line.map((value, place) => (
                  <td>
                    {value !== null && (
                      <button class={`v${shade(value)}${value === best ? " best" : ""}`} aria-label={`${name(i, place)}: ${fixed(value, metric.decimals)}`} onClick={() => state.pick(i, place)}>
                        {fixed(value, metric.decimals)}
                      </button>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
