// What is not shown: the rest of the candidates, on request, and how many tokens no record lists.

import type { State } from "../state.ts";
import { percent, whole } from "../format.ts";

export function MoreRows({ state, shown, first }: { state: State; shown: number; first: number }) {
  const { rows } = state.picture.value;
  const decision = state.decision.value;
  const vocabulary = decision.stages[0]?.kept;
  const unlisted = decision.tail?.count.reduce((a, b) => a + b, 0) ?? (vocabulary ?? NaN) - decision.top.length;
  return (
    <p class="more">
      {rows.length > first && (
        <button onClick={() => (state.expanded.value = !state.expanded.value)}>
          {state.expanded.value ? "show fewer" : `show ${rows.length - shown} more`}
        </button>
      )}
      {Number.isFinite(unlisted) && unlisted > 0 && (
        <span>
          {whole(unlisted)} more {unlisted === 1 ? "token is" : "tokens are"} not listed: {percent(decision.tailMass)} of the model's probability
        </span>
      )}
    </p>
  );
}
