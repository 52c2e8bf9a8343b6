// The entropy from token to token, before (light) and after (dark) the cuts.

import type { State } from "../state.ts";
import type { Step } from "../data/trace.ts";
import { memo } from "../memo.tsx";
import { counted, fixed } from "../format.ts";
import { polyline, type Point } from "../polyline.ts";

const height = 48;
const columns = 600; // more cannot be told apart

export function Ribbon({ state }: { state: State }) {
  const steps = state.steps.value;
  const highest = highestEntropy(steps);
  const same = steps.every(({ entropy, entropyRaw }) => !(Math.abs(entropy - entropyRaw) > 0.005));
  if (steps.every(({ entropyRaw }) => Number.isNaN(entropyRaw))) return null;
  return (
    <figure class="ribbon">
      <div
        class="ribbon-plot"
        role="img"
        aria-label={`Entropy of ${counted(steps.length, "token")}, at most ${fixed(highest, 2)} bits`}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          state.select(Math.floor(((event.clientX - box.left) / box.width) * steps.length));
        }}
      >
        <Areas steps={steps} />
        <Here state={state} />
      </div>
      <figcaption>
        <span>{same ? "entropy by token, bits" : "entropy by token, bits: the model's (light), after the processors (dark)"}</span>
        <span class="num">highest {fixed(highest, 1)}</span>
      </figcaption>
    </figure>
  );
}

const Areas = memo(({ steps }: { steps: readonly Step[] }) => {
  const top = highestEntropy(steps) || 1;
  const draw = (value: (step: Step) => number) => {
    const peaks = summits(steps.map((step) => value(step) || 0));
    const width = 1000 / peaks.length;
    const tops = peaks.flatMap((bits, i): Point[] => {
      const y = height * (1 - bits / top);
      return [[i * width, y], [(i + 1) * width, y]];
    });
    return polyline([[0, height], ...tops, [1000, height]]);
  };
  return (
    <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="raw" d={draw((step) => step.entropyRaw)} />
      <path class="final" d={draw((step) => step.entropy)} />
    </svg>
  );
});

function Here({ state }: { state: State }) {
  const share = (state.index.value + 0.5) / state.steps.value.length;
  return <span class="here" style={{ left: `${100 * share}%` }} />;
}

function highestEntropy(steps: readonly Step[]): number {
  return steps.reduce((max, { entropy, entropyRaw }) => Math.max(max, entropy || 0, entropyRaw || 0), 0);
}

// The highest value of each column.
function summits(values: readonly number[]): readonly number[] {
  if (values.length <= columns) return values;
  const found = new Array<number>(columns).fill(0);
  values.forEach((value, i) => {
    const column = Math.floor((i * columns) / values.length);
    found[column] = Math.max(found[column]!, value);
  });
  return found;
}
