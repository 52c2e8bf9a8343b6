// The page: the text, the selected step, and what other settings would have made of it; of a search its tree as
// well, of DoLa its layers.

import { useRef } from "preact/hooks";
import type { State } from "../state.ts";
import { LayerPanel } from "./contrast/LayerPanel.tsx";
import { Header } from "./Header.tsx";
import { Readouts } from "./Readouts.tsx";
import { StepPanel } from "./StepPanel.tsx";
import { TextPanel } from "./TextPanel.tsx";
import { Candidates } from "./tree/Candidates.tsx";
import { Pool } from "./tree/Pool.tsx";
import { TreePanel } from "./tree/TreePanel.tsx";
import { Waterfall } from "./Waterfall.tsx";

export function App({ state }: { state: State }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const candidates = useRef<HTMLHeadingElement>(null);
  const { search } = state.current.value;
  const layers = state.contrast.hasLayers.value;
  const written = state.steps.value.length > 0; // a search that was cut short has no texts
  const backToText = (event: KeyboardEvent) => {
    const inField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== "Escape" || inField) return;
    document.querySelector<HTMLElement>('.tokens [aria-selected="true"]')?.focus();
  };
  return (
    <div class="page" onKeyDown={backToText}>
      <Header state={state} />
      <main class={search !== null ? "searched" : layers ? "layered" : undefined}>
        {written && <TextPanel state={state} onOpen={() => heading.current?.focus()} />}
        {search !== null && (
          <>
            <TreePanel key={state.run.value} state={state} search={search} onOpen={() => candidates.current?.focus()} />
            <Pool state={state} search={search} />
            <Candidates state={state} search={search} heading={candidates} />
          </>
        )}
        {layers && <LayerPanel key={state.run.value} state={state} onOpen={() => heading.current?.focus()} />}
        {written && <StepPanel state={state} heading={heading} />}
        {written && (
          <div class="aside">
            <Readouts state={state} />
            <Waterfall state={state} />
          </div>
        )}
      </main>
    </div>
  );
}
