// What the server does at this moment.

import type { Meters } from "../../serve/meters.ts";
import { Num, type Unit } from "../Num.tsx";
import { Spark } from "./Sparks.tsx";

export function MetersPanel({ meters }: { meters: Meters }) {
  const now = meters.now.value;
  if (now === null) return null;
  return (
    <section class="meters" aria-label="The server at this moment">
      <dl class="figures">
        <div>
          <dt>speed</dt>
          <dd>
            <Num value={now.speed} unit="rate" />
          </dd>
          <dd class="note">
            tokens a second
            <Spark values={meters.speeds.value} label="Speed in the last minute" />
          </dd>
        </div>
        <Meter label="requests" value={now.running} unit="count" note={`under way; ${now.waiting} in line`} />
        <Meter label="cache" value={now.room > 0 ? now.cells / now.room : NaN} unit="percent" note={`${now.cells} of ${now.room} cells; ${now.texts} texts kept`} />
        {now.drafted > 0 && <Meter label="guesses kept" value={now.kept / now.drafted} unit="percent" note={`${now.kept} of ${now.drafted}, since the start`} />}
      </dl>
    </section>
  );
}

function Meter({ label, value, unit, note }: { label: string; value: number; unit: Unit; note: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Num value={value} unit={unit} />
      </dd>
      <dd class="note">{note}</dd>
    </div>
  );
}
