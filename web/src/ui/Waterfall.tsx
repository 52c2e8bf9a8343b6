// The pipeline of a step: what each processor kept, in tokens and in probability, with what it removed hatched.

import type { Stage } from "../data/record.ts";
import type { Wing } from "../picture.ts";
import type { State } from "../state.ts";
import { Num } from "./Num.tsx";

interface Fall {
  readonly stage: Stage;
  readonly from: number; // of the probability, before the stage
  readonly to: number;
}

export function Waterfall({ state }: { state: State }) {
  const { wing, other } = state.picture.value;
  const names = [...new Set([...wing.stages, ...(other?.stages ?? [])].map(({ name }) => name))];
  const all = [...wing.stages, ...(other?.stages ?? [])];
  if (all.every(({ removedMass }) => removedMass === 0)) return null; // nothing was cut, so there is nothing to see
  const falls = fallsOf(wing);
  const others = other ? fallsOf(other) : null;
  return (
    <section class="waterfall" aria-labelledby="pipeline">
      <h2 id="pipeline">What each processor left</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">processor</th>
            <th scope="col" class="wide">
              probability left
            </th>
            <th scope="col">removed</th>
            <th scope="col">tokens kept</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const fall = falls.get(name);
            const theirs = others?.get(name);
            return (
              <tr>
                <th scope="row">{broken(name)}</th>
                <td class="wide">
                  {others && <Bar fall={theirs} other />}
                  <Bar fall={fall} />
                </td>
                <td>
                  {others && <Value fall={theirs} of={({ removedMass }) => removedMass} unit="percent" />}
                  <Value fall={fall} of={({ removedMass }) => removedMass} unit="percent" />
                </td>
                <td>
                  {others && <Value fall={theirs} of={({ kept }) => kept} unit="count" />}
                  <Value fall={fall} of={({ kept }) => kept} unit="count" />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {other && (
        <p class="note">
          upper, hollow: {other.label}; lower: {wing.label}
        </p>
      )}
    </section>
  );
}

// A long name may be broken behind its underscores.
function broken(name: string) {
  return name.split("_").map((part, i) => (i === 0 ? part : [<>_<wbr /></>, part]));
}

function fallsOf({ stages }: Wing): Map<string, Fall> {
  let left = 1;
  return new Map(
    stages.map((stage) => {
      const from = left;
      left *= 1 - (stage.removedMass || 0);
      return [stage.name, { stage, from, to: left }];
    }),
  );
}

function Bar({ fall, other = false }: { fall: Fall | undefined; other?: boolean }) {
  return (
    <span class={`track${other ? " other" : ""}`}>
      {fall && <i class="left" style={{ width: `${100 * fall.to}%` }} />}
      {fall && <i class="gone" style={{ left: `${100 * fall.to}%`, width: `${100 * (fall.from - fall.to)}%` }} />}
    </span>
  );
}

function Value(props: { fall: Fall | undefined; of: (stage: Stage) => number; unit: "percent" | "count" }) {
  const { fall, of, unit } = props;
  return <span class="line">{fall ? <Num value={of(fall.stage)} unit={unit} /> : "off"}</span>;
}
