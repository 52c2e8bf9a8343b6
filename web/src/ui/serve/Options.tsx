// The options, each with a control of its type: those that are set, and on request the whole table.

import { useSignal } from "@preact/signals";
import type { Field } from "../../serve/client.ts";
import type { ServeState } from "../../serve/state.ts";
import type { Setting } from "../../serve/strategies.ts";

export function Settings({ state }: { state: ServeState }) {
  const settings = state.settings.value;
  const change = (at: number, to: Partial<Setting>) => (state.settings.value = settings.map((each, i) => (i === at ? { ...each, ...to } : each)));
  return (
    <fieldset class="settings">
      <legend class="unseen">Options</legend>
      <datalist id="option-names">
        {state.fields.value.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {settings.map(({ name, value }, i) => {
        const field = state.fields.value.find((each) => each.name === name);
        return (
          <div class="setting" key={i}>
            <input list="option-names" aria-label="option" value={name} onInput={(event) => change(i, { name: event.currentTarget.value })} />
            <Control field={field} label={`value of ${name}`} value={value} onSet={(to) => change(i, { value: to })} />
            <button type="button" aria-label={`drop ${name}`} onClick={() => (state.settings.value = settings.filter((_, j) => j !== i))}>
              ×
            </button>
            <span class="note">{field?.doc ?? ""}</span>
          </div>
        );
      })}
      <button type="button" onClick={() => (state.settings.value = [...settings, { name: "", value: "" }])}>
        Add an option
      </button>
    </fieldset>
  );
}

export function AllOptions({ state }: { state: ServeState }) {
  const open = useSignal(false);
  const wanted = useSignal("");
  const words = wanted.value.toLowerCase().split(/\s+/);
  const found = state.fields.value.filter(({ name, doc }) => words.every((word) => `${name} ${doc}`.toLowerCase().includes(word)));
  return (
    <details class="all-options" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>all {state.fields.value.length} options</summary>
      {open.value && (
        <>
          <label class="search">
            find <input type="search" onInput={(event) => (wanted.value = event.currentTarget.value)} />
          </label>
          <div class="option-table" tabIndex={0} role="region" aria-label="All options, may scroll">
            {found.map((field) => (
              <label key={field.name}>
                <span class="option-name">{field.name}</span>
                <Control field={field} label={field.name} value={state.settings.value.find(({ name }) => name === field.name)?.value ?? ""} onSet={(to) => state.set(field.name, to)} />
                <span class="note">{field.doc}</span>
              </label>
            ))}
          </div>
        </>
      )}
    </details>
  );
}

interface ControlProps {
  readonly field: Field | undefined;
  readonly label: string;
  readonly value: string;
  readonly onSet: (value: string) => void;
}

function Control({ field, label, value, onSet }: ControlProps) {
  const words = field?.type === "boolean" ? ["true", "false"] : (field?.words ?? []);
  if (words.length > 0) {
    return (
      <select aria-label={label} value={value} onChange={(event) => onSet(event.currentTarget.value)}>
        {["", ...words].map((word) => (
          <option key={word} value={word} selected={word === value}>
            {word}
          </option>
        ))}
      </select>
    );
  }
  const isNumber = field?.type === "number" || field?.type === "integer";
  const range = field && (field.least !== null || field.most !== null) ? `${field.least ?? ""} … ${field.most ?? ""}` : "";
  return <input aria-label={label} inputMode={isNumber ? "decimal" : "text"} placeholder={isNumber ? range : field?.type === "array" ? "a, b, …" : ""} value={value} onInput={(event) => onSet(event.currentTarget.value)} />;
}
