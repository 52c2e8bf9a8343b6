// The figures of a step, with their units; two where two settings or runs are compared.

import type { Decision } from "../data/record.ts";
import type { State } from "../state.ts";
import { Num, type Unit } from "./Num.tsx";

interface Readout {
  readonly label: string;
  readonly note: string;
  readonly unit: Unit;
  readonly value: number | null;
  readonly before?: number | undefined;
}

function lead({ race }: Decision): number | null {
  const [winner, second] = race ?? [];
  return winner && second ? winner.score + winner.noise - second.score - second.noise : null;
}

export function Readouts({ state }: { state: State }) {
  const decision = state.decision.value;
  const { wing, other, rows } = state.picture.value;
  const chosen = rows.find((row) => row.chosen);
  const readouts: Readout[] = [
    { label: "probability", note: "of the chosen token", unit: "probability", value: chosen?.cell?.p ?? decision.p, before: other ? chosen?.other?.p : undefined },
    { label: "entropy", note: "bits", unit: "bits", value: wing.entropy, before: other?.entropy },
    { label: "model's entropy", note: "bits, before the processors", unit: "bits", value: decision.entropyRaw },
    { label: "kept", note: "tokens", unit: "count", value: wing.kept, before: other?.kept },
    { label: "rank", note: "of the chosen token", unit: "count", value: decision.rank },
    { label: "race", note: "nats, ahead of the runner-up", unit: "nats", value: lead(decision) },
    { label: "not listed", note: "of the model's probability", unit: "percent", value: decision.tailMass },
    { label: "logsumexp", note: "nats, of all logits", unit: "nats", value: decision.logsumexp },
  ];
  return (
    <dl class="readouts">
      {readouts.map(({ label, note, unit, value, before }) => (
        <div>
          <dt>{label}</dt>
          <dd>
            {before !== undefined && (
              <>
                <span class="was">
                  <Num value={before} unit={unit} />
                </span>
                {" → "}
              </>
            )}
            {value === null ? "none" : <Num value={value} unit={unit} />}
          </dd>
          <dd class="note">{note}</dd>
        </div>
      ))}
    </dl>
  );
}
