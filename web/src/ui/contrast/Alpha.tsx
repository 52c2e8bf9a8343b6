// The slider for penalty_alpha, and what it would have changed.

import type { ContrastiveSearch } from "../../data/contrast.ts";
import { whole } from "../../format.ts";
import type { State } from "../../state.ts";
import { quoted } from "../words.ts";

export function Alpha({ state, search }: { state: State; search: ContrastiveSearch }) {
  const { contrast } = state;
  const value = contrast.alphaShown.value;
  const set = (event: Event) => {
    const entered = (event.currentTarget as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(entered)) contrast.setAlpha(entered);
  };
  return (
    <section class="alpha" aria-labelledby="alpha">
      <div class="section-head">
        <h3 id="alpha">Another penalty_alpha</h3>
        <button disabled={contrast.alpha.value === null} onClick={() => contrast.setAlpha(null)}>
          as the run
        </button>
      </div>
      <div class={`slider${contrast.alpha.value === null ? "" : " moved"}`}>
        <label for="range-penalty_alpha">penalty_alpha</label>
        <input type="range" id="range-penalty_alpha" min={0} max={1} step={0.01} value={value} onInput={set} />
        <input type="number" aria-label="penalty_alpha, exact" min={0} max={1} step="any" value={value} onChange={set} />
        <span class="note">{value === 0 ? "greedy" : ""}</span>
      </div>
      <p class="note" role="status">
        {outcome(state, search)}
      </p>
    </section>
  );
}

function outcome(state: State, { alpha, candidates }: ContrastiveSearch): string {
  const { contrast } = state;
  if (contrast.alpha.value === null) return `The run used ${alpha}. 0 is greedy; at 1 only the similarity counts.`;
  const winner = candidates[contrast.winner.value]!;
  const here = winner.id === state.decision.value.token.id ? "the same token would have won here" : `${quoted(winner)} would have won here`;
  const [changed, all] = [contrast.changes.value.length, state.steps.value.length];
  return (
    `With ${Number(contrast.alpha.value.toFixed(4))} ${here}. ${whole(changed)} of ${whole(all)} steps would have chosen another token, ` +
    "each looked at with the text as it was."
  );
}
