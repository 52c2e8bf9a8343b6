// Contrastive decoding: the expert against the amateur, the line that a token must reach to count at all, and who would
// have won without it.

import { outcome } from "../../contrast/unmasked.ts";
import { decodingFormula, decodingSentence, fateWords } from "../../contrast/words.ts";
import type { ContrastiveDecoding, Opponents } from "../../data/contrast.ts";
import { inert } from "../../data/glyphs.ts";
import { probability } from "../../format.ts";
import type { State } from "../../state.ts";
import { Opposed, type Labels, type Pair } from "./Opposed.tsx";
import { OpposedTable } from "./OpposedTable.tsx";

export function ContrastiveDecodingView({ state }: { state: State }) {
  const { contrast, token, race } = state.decision.value;
  if (contrast?.kind !== "contrastive_decoding") return null;
  const pairs = pairsOf(contrast, token.id);
  const { main, extra } = split(contrast, pairs, state.current.value.header.options.trace_top);
  const sentence = decodingSentence(contrast, race !== null);
  const labels = labelsOf(contrast);
  return (
    <div class="contrast">
      <p class="summary">{sentence}</p>
      <Opposed
        pairs={main}
        extra={extra}
        extraLabel="highest scores without the mask"
        labels={labels}
        scale={state.scale.value}
        threshold={contrast.threshold}
        line={lineWords(contrast)}
        summary={sentence}
      />
      <p class="note">
        {decodingFormula(contrast)}
        {contrast.amateur !== "" && `; the amateur is ${inert(contrast.amateur)}`}
      </p>
    </div>
  );
}

export function DecodingNumbers({ state }: { state: State }) {
  const { contrast, token } = state.decision.value;
  if (contrast?.kind !== "contrastive_decoding") return null;
  return <OpposedTable pairs={pairsOf(contrast, token.id)} labels={labelsOf(contrast)} />;
}

function labelsOf({ form }: ContrastiveDecoding): Labels {
  return { against: "amateur", for: "expert", net: "score", unit: form === "logits" ? "logit" : "nats" };
}

function pairsOf({ candidates }: ContrastiveDecoding, chosen: number): Pair[] {
  return candidates.map((each: Opponents) => ({
    token: each,
    against: each.amateur,
    for: each.expert,
    net: each.contrast,
    masked: each.score === null ? fateWords(each.fate) || "masked" : null,
    chosen: each.id === chosen,
  }));
}

// What counts, and the likeliest under the expert, by falling probability; apart from them what the mask cost the first
// place, and those that the trace lists for their contrast only.
function split(contrast: ContrastiveDecoding, pairs: readonly Pair[], listed: unknown): { main: Pair[]; extra: Pair[] } {
  const free = outcome(contrast)?.free;
  const first = free && free.score === null ? free.id : null;
  const isMain = (pair: Pair, i: number) => pair.masked === null || (pair.token.id !== first && (typeof listed !== "number" || i < listed));
  const extra = pairs.filter((pair, i) => !isMain(pair, i));
  return { main: pairs.filter(isMain).sort((a, b) => b.for - a.for), extra: extra.sort((a, b) => b.net - a.net) };
}

function lineWords({ plausible, threshold, alpha, candidates }: ContrastiveDecoding): string {
  const listed = candidates.filter(({ fate }) => fate !== "implausible").length;
  const passing = Number.isNaN(plausible) ? "" : `${plausible} plausible${listed < plausible ? ` (${listed} listed)` : ""}: `;
  return `${passing}at least ${alpha} × the likeliest = ${probability(threshold)}`;
}
