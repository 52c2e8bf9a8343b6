// The texts of the combinations that are listed, to be unfolded.

import { useSignal } from "@preact/signals";
import { inert } from "../../data/glyphs.ts";
import type { SweepText } from "../../data/sweep.ts";
import { whole } from "../../format.ts";
import { describe } from "../../sweep/grid.ts";
import type { SweepState } from "../../sweep/state.ts";
import { Running } from "../Running.tsx";

const first = 50; // combinations
const preview = 120; // characters
const openTo = 3; // combinations that show their texts at once

export function Texts({ state }: { state: SweepState }) {
  const { sweep, listed } = state;
  const expanded = useSignal(false);
  const all = listed.value
    .map((combination) => ({ combination, texts: sweep.texts.slice(combination * sweep.prompts, (combination + 1) * sweep.prompts) }))
    .filter(({ texts }) => texts.length > 0);
  return (
    <section aria-labelledby="texts">
      <h2 id="texts">Texts</h2>
      {all.slice(0, expanded.value ? all.length : first).map(({ combination, texts }) => (
        <Combination key={`${combination} of ${all.length}`} name={describe(sweep.axes, combination) || "the texts"} texts={texts} open={all.length <= openTo} />
      ))}
      {all.length > first && !expanded.value && (
        <p class="more">
          <button onClick={() => (expanded.value = true)}>show {all.length - first} more</button>
        </p>
      )}
      {sweep.texts.length < sweep.results && (
        <p class="note">
          The first {whole(sweep.texts.length)} of {whole(sweep.results)} texts: all are in {inert(sweep.file)}.
        </p>
      )}
    </section>
  );
}

function Combination({ name, texts, open }: { name: string; texts: readonly SweepText[]; open: boolean }) {
  const [one] = texts;
  return (
    <details class="combination" open={open}>
      <summary>
        <span class="ink">{name}</span> <bdi class="preview" data-cut>{inert((one?.error ?? one?.text ?? "").trim().slice(0, preview))}</bdi>
      </summary>
      {texts.map(({ prompt, text, error }) => (
        <p class="given passage" dir="auto">
          <span class="shared">
            <Running text={prompt} />
          </span>
          {error === null ? <Running text={text} /> : <span class="failed"> failed: {inert(error)}</span>}
        </p>
      ))}
    </details>
  );
}
