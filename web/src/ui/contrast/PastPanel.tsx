// The past that a candidate is like: arcs back along the text, and the places with what stands around them, aligned at
// the token as in a concordance.

import { useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import type { PastToken } from "../../contrast/past.ts";
import type { ContrastiveSearch, Near, Term } from "../../data/contrast.ts";
import { inert } from "../../data/glyphs.ts";
import { plainText } from "../../data/plain.ts";
import type { State } from "../../state.ts";
import { Num } from "../Num.tsx";
import { quoted } from "../words.ts";
import { Arcs } from "./Arcs.tsx";

const around = 12; // tokens on either side

export function PastPanel({ state, search }: { state: State; search: ContrastiveSearch }) {
  const all = useSignal(false);
  const term = search.candidates[state.contrast.focus.value]!;
  const near = all.value ? term.nearest : term.nearest.slice(0, 1);
  const nearest = term.nearest[0] && state.contrast.past.value.at(term.nearest[0].position).index;
  useLayoutEffect(() => markInText(nearest ?? null), [nearest]);
  if (term.nearest.length === 0) return null;
  return (
    <section class="past" aria-labelledby="past">
      <div class="section-head">
        <h3 id="past">What {quoted(term)} is like</h3>
        {term.nearest.length > 1 && (
          <button aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
            {all.value ? "the nearest only" : `the ${term.nearest.length} nearest`}
          </button>
        )}
      </div>
      <Arcs state={state} search={search} term={term} />
      <table class="concordance">
        <colgroup>
          <col class="at" />
          <col class="cosine" />
          <col span={2} />
        </colgroup>
        <thead class="unseen">
          <tr>
            <th scope="col">position</th>
            <th scope="col">cosine</th>
            <th scope="col">before</th>
            <th scope="col">token and what follows</th>
          </tr>
        </thead>
        <tbody>
          <Here state={state} term={term} />
          {near.map((each) => (
            <Place state={state} near={each} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Here({ state, term }: { state: State; term: Term }) {
  const { past } = state.contrast;
  const { t } = state.decision.value;
  return (
    <tr class="here">
      <th scope="row" class="at">
        here
      </th>
      <td />
      <td class="left" data-cut>
        <bdi>{join(past.value.around(t - 1, around - 1, 0, t))}</bdi>
      </td>
      <td class="right" data-cut>
        <bdi>
          <mark>{plainText([term])}</mark>
        </bdi>
      </td>
    </tr>
  );
}

function Place({ state, near }: { state: State; near: Near }) {
  const past = state.contrast.past.value;
  const { t } = state.decision.value;
  const { index, text } = past.at(near.position);
  return (
    <tr data-position={near.position}>
      <th scope="row" class="at">
        {index === null ? (
          `prompt ${near.position + 1}`
        ) : (
          <button class="link" onClick={() => state.select(index)}>
            token {index + 1}
          </button>
        )}
      </th>
      <td>
        <Num value={near.cosine} unit="share" />
      </td>
      <td class="left" data-cut>
        <bdi>{join(past.around(near.position - 1, around - 1, 0, t))}</bdi>
      </td>
      <td class="right" data-cut>
        <bdi>
          <mark>{text ?? `id ${state.current.value.header.promptIds[near.position] ?? "?"}`}</mark>
          {join(past.around(near.position + 1, 0, around - 1, t))}
        </bdi>
      </td>
    </tr>
  );
}

// In the text itself too, as long as it is shown here.
function markInText(index: number | null): () => void {
  const token = index === null ? null : document.querySelector(`.tokens [data-index="${index}"]`);
  token?.setAttribute("data-near", "");
  return () => token?.removeAttribute("data-near");
}

function join(tokens: readonly PastToken[]): string {
  return inert(tokens.map(({ text }) => text).join(""));
}
