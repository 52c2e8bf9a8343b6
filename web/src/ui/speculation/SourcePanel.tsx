// Where a looked-up token was copied from: an arc back along the text, and what stands there beside what stands here.

import type { PastToken } from "../../contrast/past.ts";
import { inert } from "../../data/glyphs.ts";
import type { Speculation } from "../../data/speculation.ts";
import type { State } from "../../state.ts";
import { useWidth } from "../useWidth.ts";

const around = 8; // tokens on either side
const height = 64;
const ground = 48;
const pad = 8;

export function SourcePanel({ state, speculation: { source } }: { state: State; speculation: Speculation }) {
  if (source === null) return null;
  const { t } = state.decision.value;
  return (
    <section class="source" aria-labelledby="source">
      <h3 id="source">Where it was copied from</h3>
      <Arcs state={state} source={source} />
      <table class="concordance">
        <colgroup>
          <col class="at" />
          <col span={2} />
        </colgroup>
        <thead class="unseen">
          <tr>
            <th scope="col">position</th>
            <th scope="col">before</th>
            <th scope="col">token and what follows</th>
          </tr>
        </thead>
        <tbody>
          <Place state={state} position={t} here />
          <Place state={state} position={source} />
        </tbody>
      </table>
    </section>
  );
}

// The arcs of the round's tokens, the selected one's strongest.
function Arcs({ state, source }: { state: State; source: number }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const { rounds, here, past } = state.speculation;
  const steps = state.steps.value;
  const { first, length } = rounds.value[here.value]!;
  const { t } = state.decision.value;
  const last = steps[first + length - 1]!.t;
  const x = (position: number) => pad + (position / Math.max(1, last)) * (width - 2 * pad);
  const arc = (from: number, to: number) => {
    const up = Math.min(ground - 4, (x(to) - x(from)) / 2 + 4) * 1.3;
    return `M${x(from)} ${ground}C${x(from)} ${ground - up} ${x(to)} ${ground - up} ${x(to)} ${ground}`;
  };
  const others = steps.slice(first, first + length).filter((step) => step.t !== t && step.speculative?.source != null);
  return (
    <div class="arcs" ref={ref}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={`An arc from the token that was copied, ${t - source} tokens back, to here; fainter ones of the round's other tokens`}>
          <path class="ground" d={`M${x(0)} ${ground}H${x(last)}`} />
          <path class="ground prompt-part" d={`M${x(0)} ${ground}H${x(Math.max(0, past.value.promptLength - 0.5))}`} />
          {others.map((step) => (
            <path class="arc" d={arc(step.speculative!.source!, step.t)} />
          ))}
          <path class="arc own" data-from={source} data-to={t} d={arc(source, t)} />
          <circle class="near own" cx={x(source)} cy={ground} r={4} />
          <path class="now" d={`M${x(t)} ${ground - 6}V${ground + 6}`} />
          <text x={x(0)} y={height - 2}>
            {past.value.promptLength > 0 ? "prompt" : "beginning"}
          </text>
          <text x={x(t)} y={height - 2} text-anchor={x(t) > width - 32 ? "end" : "middle"}>
            here
          </text>
        </svg>
      )}
    </div>
  );
}

function Place({ state, position, here = false }: { state: State; position: number; here?: boolean }) {
  const past = state.speculation.past.value;
  const { index, text } = past.at(position);
  const name = here ? "here" : index === null ? `prompt ${position + 1}` : null;
  return (
    <tr class={here ? "here" : undefined} data-position={position}>
      <th scope="row" class="at">
        {name ?? (
          <button class="link" onClick={() => state.select(index!)}>
            token {index! + 1}
          </button>
        )}
      </th>
      <td class="left" data-cut>
        <bdi>{join(past.around(position - 1, around - 1, 0, position))}</bdi>
      </td>
      <td class="right" data-cut>
        <bdi>
          <mark>{text ?? `id ${state.current.value.header.promptIds[position] ?? "?"}`}</mark>
          {join(past.around(position + 1, 0, around - 1, past.promptLength + past.steps.length))}
        </bdi>
      </td>
    </tr>
  );
}

function join(tokens: readonly PastToken[]): string {
  return inert(tokens.map(({ text }) => text).join(""));
}
