// DoLa: how far each early layer is from the final one, what each would have said, and what the chosen one subtracts.

import { dolaSentence } from "../../contrast/words.ts";
import type { Dola } from "../../data/contrast.ts";
import { probability } from "../../format.ts";
import type { State } from "../../state.ts";
import { Divergences, LayersTable } from "./Divergences.tsx";
import { Opposed, type Labels, type Pair } from "./Opposed.tsx";
import { OpposedTable } from "./OpposedTable.tsx";

export function DolaView({ state }: { state: State }) {
  const { contrast, token } = state.decision.value;
  if (contrast?.kind !== "dola") return null;
  const labels = labelsOf(contrast);
  const sentence = dolaSentence(contrast, token);
  const pairs = pairsOf(contrast, token.id);
  const { relative_top } = state.current.value.header.options;
  const highest = Math.exp(Math.max(...contrast.candidates.map(({ final }) => final)));
  const threshold = typeof relative_top === "number" ? relative_top * highest : NaN;
  return (
    <div class="contrast">
      <p class="summary">{sentence}</p>
      <Divergences dola={contrast} />
      {pairs.length > 0 && (
        <>
          <h3>What layer {contrast.chosen ?? "?"} takes away</h3>
          <Opposed
            pairs={pairs}
            extra={[]}
            extraLabel=""
            labels={labels}
            scale={state.scale.value}
            threshold={threshold}
            line={typeof relative_top === "number" ? `at least ${relative_top} × the likeliest = ${probability(threshold)}` : "masked below"}
            summary={`Final layer against layer ${contrast.chosen}: ${pairs.length} candidates`}
          />
          <p class="note">score = final log-probability − layer {contrast.chosen ?? "?"}'s</p>
        </>
      )}
    </div>
  );
}

export function DolaNumbers({ state }: { state: State }) {
  const { contrast, token } = state.decision.value;
  if (contrast?.kind !== "dola") return null;
  return (
    <>
      <LayersTable dola={contrast} />
      <OpposedTable pairs={pairsOf(contrast, token.id)} labels={labelsOf(contrast)} />
    </>
  );
}

function labelsOf({ chosen }: Dola): Labels {
  return { against: `layer ${chosen ?? "?"}`, for: "final", net: "score", unit: "nats" };
}

function pairsOf({ candidates }: Dola, chosen: number): Pair[] {
  return candidates.map((each) => ({
    token: each,
    against: each.premature,
    for: each.final,
    net: each.score ?? each.final - each.premature,
    masked: each.score === null ? "below line" : null,
    chosen: each.id === chosen,
  }));
}
