// The layer map as a table, a page of tokens at a time.

import { useSignal } from "@preact/signals";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

const size = 20; // tokens

export function LayerTable({ state }: { state: State }) {
  const { contrast } = state;
  const steps = state.steps.value;
  const layers = contrast.layers.value;
  const page = useSignal(Math.floor(state.index.value / size));
  const first = Math.min(page.value, Math.floor((steps.length - 1) / size)) * size;
  const last = Math.min(first + size, steps.length);
  const isP = contrast.statistic.value === "p";
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Layers of all tokens, may scroll">
      <table class="numbers">
        <caption class="unseen">{isP ? "probability of the chosen token" : "divergence from the final layer, nats"}; * was subtracted</caption>
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">step</th>
            {[...layers].reverse().map((layer) => (
              <th scope="col">{layer}</th>
            ))}
            {isP && <th scope="col">final</th>}
          </tr>
        </thead>
        <tbody>
          {steps.slice(first, last).map((step, i) => {
            const dola = contrast.dola.value[first + i] ?? null;
            return (
              <tr class={first + i === state.index.value ? "chosen" : ""}>
                <th scope="row">
                  <TokenLabel token={step.token} />
                </th>
                <td class="num">{first + i + 1}</td>
                {[...layers].reverse().map((number) => {
                  const layer = dola?.layers.find((each) => each.layer === number);
                  return (
                    <td class={number === dola?.chosen ? "subtracted" : ""}>
                      {number === dola?.chosen && "*"}
                      {layer ? <Num value={isP ? layer.p : layer.divergence} unit={isP ? "probability" : "nats"} /> : "–"}
                    </td>
                  );
                })}
                {isP && <td>{dola && <Num value={dola.final.p} unit="probability" />}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
      {steps.length > size && (
        <p class="more">
          <button disabled={first === 0} onClick={() => (page.value = first / size - 1)}>
            before
          </button>
          <span>
            {first + 1} to {last} of {steps.length}
          </span>
          <button disabled={last === steps.length} onClick={() => (page.value = first / size + 1)}>
            after
          </button>
        </p>
      )}
    </div>
  );
}
