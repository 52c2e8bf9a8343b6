// What to ask: prompt, model, strategy, and any options of the server's table.

import { inert } from "../../data/glyphs.ts";
import type { ServeState } from "../../serve/state.ts";
import { presetOf, presets } from "../../serve/strategies.ts";
import { Copies } from "./Copies.tsx";
import { AllOptions, Settings } from "./Options.tsx";

export function Form({ state }: { state: ServeState }) {
  const again = state.pending.value.length;
  const submit = (event: Event) => {
    event.preventDefault();
    if (again > 0 && state.side.value) state.runAll();
    else state.run();
  };
  return (
    <form class="ask" onSubmit={submit}>
      <label>
        Prompt
        <textarea rows={3} value={state.prompt.value} onInput={(event) => (state.prompt.value = event.currentTarget.value)} />
      </label>
      <div class="toolbar">
        <Model state={state} />
        <label>
          <input type="checkbox" checked={state.chat.value} onChange={(event) => (state.chat.value = event.currentTarget.checked)} /> as a chat
        </label>
        <label>
          Tokens{" "}
          <input type="number" min={1} value={state.length.value} onInput={(event) => (state.length.value = event.currentTarget.value)} />
        </label>
        {state.wantsKey.value && <Key state={state} />}
      </div>
      <Strategies state={state} />
      <Settings state={state} />
      <AllOptions state={state} />
      <div class="toolbar">
        <button type="submit" class="primary">
          Write
        </button>
        <button
          type="button"
          onClick={() => {
            state.pending.value = [];
            state.runAll();
          }}
        >
          All strategies, side by side
        </button>
        <button type="button" onClick={() => void state.map.draw(60, true)}>
          Map of what may follow
        </button>
      </div>
      {again > 0 && <p class="note">This address has {again} {again === 1 ? "branch" : "branches"}: “Write” goes on to {again === 1 ? "it" : "them"}.</p>}
      <Copies state={state} />
    </form>
  );
}

function Model({ state }: { state: ServeState }) {
  return (
    <label>
      Model{" "}
      <select value={state.model.value} onChange={(event) => (state.model.value = event.currentTarget.value)}>
        {state.models.value.map((name) => (
          <option key={name} value={name}>
            {inert(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Key({ state }: { state: ServeState }) {
  return (
    <label>
      Key{" "}
      <input
        type="password"
        autocomplete="off"
        value={state.key.value}
        onChange={(event) => {
          state.key.value = event.currentTarget.value;
          void state.connect();
        }}
      />
    </label>
  );
}

// The place to learn them: formula, words, and an example that runs.
function Strategies({ state }: { state: ServeState }) {
  const chosen = presetOf(state.settings.value);
  return (
    <>
      <div class="toolbar" role="group" aria-label="Strategies">
        {presets.map((preset) => (
          <button type="button" key={preset.label} aria-pressed={preset === chosen} onClick={() => (state.settings.value = preset.settings)}>
            {preset.label}
          </button>
        ))}
      </div>
      {chosen !== null && (
        <div class="lesson">
          <p class="formula">{chosen.formula}</p>
          <p>{chosen.words}</p>
          <p class="toolbar">
            <button type="button" onClick={() => state.runExample(chosen)}>
              Run an example
            </button>
            <span class="note">“{chosen.example.prompt}”</span>
          </p>
        </div>
      )}
    </>
  );
}
