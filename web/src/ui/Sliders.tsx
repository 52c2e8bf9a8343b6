// What other settings would have made of this step.

import { knobs, leftOut, settingsOf, type KnobInfo } from "../sampling/settings.ts";
import { mostRewritten, type State } from "../state.ts";
import { quoted } from "./words.ts";

export function Sliders({ state }: { state: State }) {
  const own = settingsOf(state.current.value.header);
  const changed = state.changed.value !== null;
  const ordered = state.current.value.header.options.sampler_order;
  const missing = leftOut(state.decision.value.stages);
  return (
    <section class="sliders" aria-labelledby="what-if">
      <div class="section-head">
        <h2 id="what-if">What if</h2>
        <button disabled={!changed} onClick={() => state.change(null)}>
          as recorded
        </button>
      </div>
      {knobs.map((knob) => (
        <Slider key={knob.name} knob={knob} own={own[knob.name]} state={state} />
      ))}
      <Rewriting state={state} />
      <p class="note" role="status">
        {outcome(state)}
        {missing.length > 0 && ` The run also used ${missing.join(", ")}; these sliders leave that out.`}
        {typeof ordered === "string" && ordered !== "" && ` The run's sampler_order was ${ordered}; these sliders work from top to bottom.`}
      </p>
    </section>
  );
}

// What the settings would have made of the whole text.
function Rewriting({ state }: { state: State }) {
  const all = state.rewritten.value;
  if (all === null) return null;
  const steps = Math.min(state.steps.value.length, mostRewritten);
  const known = all.filter(({ token }) => token !== null);
  const here = all.find(({ index }) => index === state.index.value);
  const next = known.find(({ index }) => index > state.index.value) ?? known[0];
  return (
    <p class="note rewriting">
      <span>
        The same noise would have drawn another token at {known.length} of {steps} places
        {all.length > known.length && `, and at ${all.length - known.length} the record lists too few to know`}
        {here && (here.token === null ? "; here that is not known" : `; here ${quoted(here.token)}`)}. Each is looked at with the text as it was.
      </span>
      {next && (
        <button type="button" onClick={() => state.select(next.index)}>
          next change
        </button>
      )}
    </p>
  );
}

function Slider({ knob, own, state }: { knob: KnobInfo; own: number; state: State }) {
  const { name, off, max, step } = knob;
  const value = state.settings.value[name];
  const set = (event: Event) => {
    const entered = (event.currentTarget as HTMLInputElement).valueAsNumber;
    if (Number.isNaN(entered) || entered < 0) return;
    const allowed = name === "top_k" ? Math.round(entered) : Math.min(entered, name === "temperature" ? Infinity : 1);
    state.change({ ...state.settings.value, [name]: allowed });
  };
  return (
    <div class={`slider${value !== own ? " moved" : ""}`}>
      <label for={`range-${name}`}>{name}</label>
      <input type="range" id={`range-${name}`} min={0} max={max} step={step} value={value} onInput={set} />
      <input type="number" aria-label={`${name}, exact`} min={0} step="any" value={value} onChange={set} />
      <span class="note">{name === "temperature" ? (value === 0 ? "greedy" : "") : value === off ? "off" : ""}</span>
    </div>
  );
}

function outcome(state: State): string {
  const result = state.replayed.value;
  if (result === null) return "These are the run's own settings. Move one to see this step under others.";
  if (typeof result === "string") {
    return `Not known: ${result}. Shown is what was recorded; a larger trace_top lists more tokens.`;
  }
  return "Recomputed from the scores of the whole vocabulary.";
}
