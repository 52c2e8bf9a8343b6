// What to ask: prompt, model, and any options of the server's table.

import { useState } from "preact/hooks";
import { copy } from "../../copy.ts";
import { inert } from "../../data/glyphs.ts";
import { asCurl, asDecant, asPython } from "../../serve/commands.ts";
import { presets, type ServeState, type Setting } from "../../serve/state.ts";

export function Form({ state }: { state: ServeState }) {
  const submit = (event: Event) => {
    event.preventDefault();
    state.run();
  };
  return (
    <form class="ask" onSubmit={submit}>
      <label>
        Prompt
        <textarea rows={3} value={state.prompt.value} onInput={(event) => (state.prompt.value = event.currentTarget.value)} />
      </label>
      <div class="toolbar">
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
        <label>
          <input type="checkbox" checked={state.chat.value} onChange={(event) => (state.chat.value = event.currentTarget.checked)} /> as a chat
        </label>
        <label>
          Tokens{" "}
          <input type="number" min={1} value={state.length.value} onInput={(event) => (state.length.value = event.currentTarget.value)} />
        </label>
        {state.wantsKey.value && <Key state={state} />}
      </div>
      <Presets state={state} />
      <Settings state={state} />
      <div class="toolbar">
        <button type="submit">Write</button>
        <button type="button" onClick={() => state.runAll()}>
          All strategies, side by side
        </button>
        <Copies state={state} />
      </div>
    </form>
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

function Presets({ state }: { state: ServeState }) {
  return (
    <div class="toolbar" role="group" aria-label="Strategies">
      {presets.map(({ label, settings }) => (
        <button type="button" key={label} onClick={() => (state.settings.value = settings)}>
          {label}
        </button>
      ))}
    </div>
  );
}

function Settings({ state }: { state: ServeState }) {
  const settings = state.settings.value;
  const change = (at: number, to: Partial<Setting>) =>
    (state.settings.value = settings.map((each, i) => (i === at ? { ...each, ...to } : each)));
  return (
    <fieldset class="settings">
      <legend class="unseen">Options</legend>
      <datalist id="option-names">
        {state.fields.value.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {settings.map(({ name, value }, i) => (
        <div class="setting" key={i}>
          <input list="option-names" aria-label="option" value={name} onInput={(event) => change(i, { name: event.currentTarget.value })} />
          <input aria-label={`value of ${name}`} value={value} onInput={(event) => change(i, { value: event.currentTarget.value })} />
          <button type="button" aria-label={`drop ${name}`} onClick={() => (state.settings.value = settings.filter((_, j) => j !== i))}>
            ×
          </button>
          <span class="note">{state.fields.value.find((field) => field.name === name)?.doc ?? ""}</span>
        </div>
      ))}
      <button type="button" onClick={() => (state.settings.value = [...settings, { name: "", value: "" }])}>
        Add an option
      </button>
    </fieldset>
  );
}

function Copies({ state }: { state: ServeState }) {
  const [done, setDone] = useState("");
  const as = (label: string, write: () => string) => (
    <button type="button" onClick={() => void copy(write()).then((copied) => setDone(copied ? `copied as ${label}` : "the clipboard is closed"))}>
      Copy as {label}
    </button>
  );
  const body = () => state.body(state.settings.value);
  return (
    <>
      {as("decant", () => asDecant(body(), state.prompt.value))}
      {as("curl", () => asCurl(body(), location.origin))}
      {as("Python", () => asPython(body(), location.origin))}
      <span class="note" role="status">
        {done}
      </span>
    </>
  );
}
