// One step: what was chosen, the picture of it, and what may be done with the picture.

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { tabSeparated } from "../numbers.ts";
import type { Scale, State } from "../state.ts";
import { CopyButton } from "./CopyButton.tsx";
import { TokenLabel } from "./Glyphs.tsx";
import { Segmented } from "./Segmented.tsx";
import { PickedNote } from "./tree/PickedNote.tsx";
import { views } from "./views.ts";
import { why } from "../why.ts";
import { Sliders } from "./Sliders.tsx";
import { summary } from "./words.ts";

const scales: { id: Scale; label: string }[] = [
  { id: "linear", label: "linear" },
  { id: "log", label: "log" },
];

export function StepPanel({ state, heading }: { state: State; heading: RefObject<HTMLHeadingElement | null> }) {
  const decision = state.decision.value;
  const index = state.index.value;
  const length = state.steps.value.length;
  const [table, setTable] = useState(false);
  const fitting = views.filter(({ fits }) => fits(decision));
  const view = fitting.find(({ id }) => id === state.view.value) ?? fitting[0]!;
  return (
    <section class="step" aria-labelledby="step">
      <div class="section-head">
        <h2 id="step" tabIndex={-1} ref={heading}>
          Token {index + 1} of {length}: <TokenLabel token={decision.token} />
        </h2>
        <span class="buttons">
          <button aria-label="previous token" disabled={index === 0} onClick={() => state.select(index - 1)}>
            ‹
          </button>
          <button aria-label="next token" disabled={index === length - 1} onClick={() => state.select(index + 1)}>
            ›
          </button>
        </span>
      </div>
      <PickedNote state={state} />
      <p class="why">{why(state, view.id)}</p>
      <p class="summary">{summary(state)}</p>
      <Announcement text={summary(state)} />
      <div class="toolbar">
        <Segmented legend="view" value={state.view} shown={view.id} choices={fitting} />
        {view.scaled && <Segmented legend="probability" value={state.scale} choices={scales} />}
        {!view.own && <Compare state={state} />}
      </div>
      {!view.own && state.whatIf.value && <Sliders state={state} />}
      {!view.own && <WingLegend state={state} />}
      <view.Show state={state} />
      <div class="toolbar">
        {view.own && (
          <button aria-expanded={table} onClick={() => setTable(!table)}>
            {table ? "hide the numbers" : "show the numbers"}
          </button>
        )}
        <CopyButton label="copy numbers" text={() => view.own?.copy(decision) ?? tabSeparated(state.picture.value)} />
        <CopyButton label="copy link" text={() => location.href.replace(/#.*/, "") + state.link.value} />
      </div>
      {view.own && table && <view.own.Table state={state} />}
    </section>
  );
}

function Compare({ state }: { state: State }) {
  const { runs } = state.trace;
  if (runs.length < 2) return null;
  return (
    <label class="compare">
      compare with
      <select
        value={String(state.compareWith.value ?? "")}
        onChange={({ currentTarget: { value } }) => (state.compareWith.value = value === "" ? null : Number(value))}
      >
        <option value="">nothing</option>
        {runs.map(({ header }, i) => i !== state.run.value && <option value={String(i)}>{header.label}</option>)}
      </select>
    </label>
  );
}

function WingLegend({ state }: { state: State }) {
  const { wing, other } = state.picture.value;
  const comparing = state.compareWith.value !== null;
  if (comparing && state.counterpart.value === null) return <p class="note">That run has no such step.</p>;
  if (other === null) return null;
  return (
    <p class="note wings">
      <span class="key other" /> {other.label}
      <span class="key" /> {comparing ? `${state.current.value.header.label}, ${wing.label}` : wing.label}
      {comparing && state.parted.value && <strong> The texts before this step differ.</strong>}
    </p>
  );
}

// For screen readers: where the selection came to rest, at most once a second.
function Announcement({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), 1000);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="unseen" aria-live="polite">
      {said}
    </p>
  );
}
