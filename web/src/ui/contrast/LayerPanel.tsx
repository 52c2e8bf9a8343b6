// DoLa over the whole run: what every layer would have said at every token, and how far it is from the final one.

import { useSignal } from "@preact/signals";
import { binsOf, type Statistic } from "../../contrast/bins.ts";
import { gridOf, narrowest, widestOfAll } from "../../contrast/grid.ts";
import { layerTable } from "../../contrast/tables.ts";
import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { CopyButton } from "../CopyButton.tsx";
import { Segmented } from "../Segmented.tsx";
import { Zoom } from "../Zoom.tsx";
import { LayerMap } from "./LayerMap.tsx";
import { LayerTable } from "./LayerTable.tsx";

const statistics: { id: Statistic; label: string }[] = [
  { id: "divergence", label: "divergence" },
  { id: "p", label: "probability of the chosen token" },
];

export function LayerPanel({ state, onOpen }: { state: State; onOpen: () => void }) {
  const { contrast } = state;
  const table = useSignal(false);
  const width = useSignal(0);
  const zoom = useSignal<number | null>(null);
  const run = contrast.dola.value;
  const bins = binsOf(run, contrast.statistic.value);
  const grid = gridOf(run.length, contrast.layers.value.length + 1, width.value, zoom.value);
  const set = (direction: 1 | -1) => {
    const next = direction > 0 ? Math.ceil(grid.column * 1.3) : Math.floor(grid.column / 1.3);
    zoom.value = Math.max(narrowest, Math.min(next, widestOfAll));
  };
  return (
    <section class="layers" aria-labelledby="layers">
      <div class="section-head">
        <h2 id="layers">Layers</h2>
        <p class="summary">{sentence(state)}</p>
      </div>
      <div class="toolbar">
        <Segmented legend="colour by" value={contrast.statistic} choices={statistics} />
        <Zoom column={grid.column} narrowest={narrowest} widest={grid.widest} largest={widestOfAll} onZoom={set} onFit={() => (zoom.value = grid.widest)} />
        <button aria-expanded={table.value} onClick={() => (table.value = !table.value)}>
          {table.value ? "hide the numbers" : "show the numbers"}
        </button>
        <CopyButton label="copy numbers" text={() => layerTable(state)} />
      </div>
      <LayerMap state={state} grid={grid} bins={bins} width={width} onZoom={set} onOpen={onOpen} />
      <p class="legend">
        <span>{contrast.statistic.value === "p" ? "probability" : "divergence, nats"}</span>
        <span class="scale">
          {bins.labels.map((label, i) => (
            <span class={`bin v${i}`}>{label}</span>
          ))}
        </span>
        <span>
          <i class="key outlined" /> the layer that was subtracted
        </span>
      </p>
      {table.value && <LayerTable state={state} />}
    </section>
  );
}

function sentence(state: State): string {
  const run = state.contrast.dola.value.filter((each) => each !== null);
  const counts = new Map<number, number>();
  for (const { chosen } of run) if (chosen !== null) counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const total = run.reduce((sum, { chosen, layers }) => sum + (layers.find(({ layer }) => layer === chosen)?.divergence ?? NaN), 0);
  const mean = Number.isNaN(total) ? "" : `, ${fixed(total / run.length, 2)} nats from the final one on average`;
  return most ? `Of ${state.contrast.layers.value.length} candidate layers, ${counts.size} were subtracted; most often layer ${most[0]}, at ${most[1]} of ${run.length} tokens${mean}.` : "";
}

