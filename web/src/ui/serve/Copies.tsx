// The request as others would make it, for the clipboard.

import { useState } from "preact/hooks";
import { copy } from "../../copy.ts";
import { asCurl, asDecant, asLlamaCpp, asOpenAi, asTransformers } from "../../serve/commands.ts";
import type { ServeState } from "../../serve/state.ts";

export function Copies({ state }: { state: ServeState }) {
  const [done, setDone] = useState("");
  const body = () => state.body(state.settings.value);
  const forms: readonly (readonly [string, () => string])[] = [
    ["decant", () => asDecant(body(), state.prompt.value)],
    ["curl", () => asCurl(body(), location.origin)],
    ["OpenAI client", () => asOpenAi(body(), location.origin)],
    ["Hugging Face", () => asTransformers(body(), state.prompt.value)],
    ["llama.cpp", () => asLlamaCpp(body(), state.prompt.value)],
  ];
  return (
    <p class="toolbar">
      <span class="note">copy as</span>
      {forms.map(([label, write]) => (
        <button type="button" key={label} onClick={() => void copy(write()).then((copied) => setDone(copied ? `copied as ${label}` : "the clipboard is closed"))}>
          {label}
        </button>
      ))}
      <span class="note" role="status">
        {done}
      </span>
    </p>
  );
}
