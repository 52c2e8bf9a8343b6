// The figures of a step, with their units; two where two settings or runs are compared.

import type { Decision } from "../data/record.ts";
import type { State } from "../state.ts";
import { Num, type Unit } from "./Num.tsx";
import { cuts } from "./words.ts";

interface Readout {
  readonly label: string;
  readonly note: string;
  readonly unit: Unit;
  readonly value: number;
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
  const cut = cuts([...wing.stages, ...(other?.stages ?? [])]);
  const edited = Math.abs(wing.entropy - decision.entropyRaw) > 0.005;
  const ahead = lead(decision);
  const readouts: Readout[] = [
    { label: "probability", note: "of the chosen token", unit: "probability", value: chosen?.cell?.p ?? decision.p, before: other ? chosen?.other?.p : undefined },
    { label: "rank", note: "of the chosen token", unit: "count", value: decision.rank },
  ];
  if (!Number.isNaN(wing.entropy)) readouts.push({ label: "entropy", note: edited || other ? "bits, after the processors" : "bits", unit: "bits", value: wing.entropy, before: other?.entropy });
  if (decision.score !== null) readouts.push({ label: "score", note: "by which it was chosen", unit: "nats", value: decision.score });
  if (edited) readouts.push({ label: "model's entropy", note: "bits, before the processors", unit: "bits", value: decision.entropyRaw });
  if (cut || (decision.score !== null && decision.contrast !== null)) readouts.push({ label: "kept", note: "tokens", unit: "count", value: wing.kept, before: other?.kept });
  if (ahead !== null) readouts.push({ label: "lead of the draw", note: "nats, to the runner-up", unit: "nats", value: ahead });
  readouts.push({ label: "not listed", note: "of the model's probability", unit: "percent", value: decision.tailMass });
  if (state.view.value === "numbers") readouts.push({ label: "logsumexp", note: "nats, of all logits", unit: "nats", value: decision.logsumexp });
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
            <Num value={value} unit={unit} />
          </dd>
          <dd class="note">{note}</dd>
        </div>
      ))}
    </dl>
  );
}
