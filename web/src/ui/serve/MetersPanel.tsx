// What the server does at this moment.

import { counted } from "../../format.ts";
import type { Meters } from "../../serve/meters.ts";
import { Figure } from "../Figure.tsx";
import { Num } from "../Num.tsx";
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
        <Figure label="requests" value={now.running} unit="count" note={`under way; ${now.waiting} in line`} />
        <Figure label="cache" value={now.room > 0 ? now.cells / now.room : NaN} unit="percent" note={`${now.cells} of ${now.room} cells; ${counted(now.texts, "text")} kept`} />
        {now.drafted > 0 && <Figure label="guesses kept" value={now.kept / now.drafted} unit="percent" note={`${now.kept} of ${now.drafted}, since the start`} />}
      </dl>
    </section>
  );
}
