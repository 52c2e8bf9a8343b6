// The page: the text, the selected step, and what other settings would have made of it.

import { useRef } from "preact/hooks";
import type { State } from "../state.ts";
import { Header } from "./Header.tsx";
import { Readouts } from "./Readouts.tsx";
import { Sliders } from "./Sliders.tsx";
import { StepPanel } from "./StepPanel.tsx";
import { TextPanel } from "./TextPanel.tsx";
import { Waterfall } from "./Waterfall.tsx";

export function App({ state }: { state: State }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const backToText = (event: KeyboardEvent) => {
    const inField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== "Escape" || inField) return;
    document.querySelector<HTMLElement>('.tokens [aria-selected="true"]')?.focus();
  };
  return (
    <div class="page" onKeyDown={backToText}>
      <Header state={state} />
      <main>
        <TextPanel state={state} onOpen={() => heading.current?.focus()} />
        <StepPanel state={state} heading={heading} />
        <div class="aside">
          <Readouts state={state} />
          <Sliders state={state} />
          <Waterfall state={state} />
        </div>
      </main>
    </div>
  );
}
