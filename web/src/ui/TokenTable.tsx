// The numbers of all tokens, a page at a time.

import { useSignal } from "@preact/signals";
import type { State } from "../state.ts";
import { TokenLabel } from "./Glyphs.tsx";
import { Num } from "./Num.tsx";

const size = 100;

export function TokenTable({ state }: { state: State }) {
  const steps = state.steps.value;
  const page = useSignal(Math.floor(state.index.value / size));
  const first = Math.min(page.value, Math.floor((steps.length - 1) / size)) * size;
  const last = Math.min(first + size, steps.length);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="All tokens, may scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">position</th>
            <th scope="col">probability</th>
            <th scope="col">model's</th>
            <th scope="col">rank</th>
            <th scope="col">entropy, bits</th>
            <th scope="col">kept</th>
          </tr>
        </thead>
        <tbody>
          {steps.slice(first, last).map((step, i) => (
            <tr class={first + i === state.index.value ? "chosen" : ""}>
              <th scope="row">
                <TokenLabel token={step.token} />
              </th>
              <td>
                <span class="num">{step.t}</span>
              </td>
              <td>
                <Num value={step.p} unit="probability" />
              </td>
              <td>
                <Num value={step.pRaw} unit="probability" />
              </td>
              <td>
                <Num value={step.rank} unit="count" />
              </td>
              <td>
                <Num value={step.entropy} unit="bits" />
              </td>
              <td>
                <Num value={step.kept} unit="count" />
              </td>
            </tr>
          ))}
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
