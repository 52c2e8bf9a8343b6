// The text as a line, and an arc from here to the past token that each candidate is most like.

import type { ContrastiveSearch, Term } from "../../data/contrast.ts";
import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { useWidth } from "../useWidth.ts";

const height = 64;
const ground = 48;
const pad = 8;

export function Arcs({ state, search, term }: { state: State; search: ContrastiveSearch; term: Term }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const { promptLength } = state.contrast.past.value;
  const { t } = state.decision.value;
  const x = (position: number) => pad + (position / Math.max(1, t)) * (width - 2 * pad);
  const arc = (position: number) => {
    const [from, to] = [x(position), x(t)];
    const up = Math.min(ground - 4, (to - from) / 2 + 4);
    return `M${from} ${ground}C${from} ${ground - up * 1.3} ${to} ${ground - up * 1.3} ${to} ${ground}`;
  };
  const others = search.candidates.filter((each) => each !== term && each.nearest.length > 0).slice(0, 50);
  return (
    <div class="arcs" ref={ref}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={words(term, t)}>
          <path class="ground" d={`M${x(0)} ${ground}H${x(t)}`} />
          <path class="ground prompt-part" d={`M${x(0)} ${ground}H${x(Math.max(0, promptLength - 0.5))}`} />
          {others.map(({ nearest }) => (
            <path class="arc" d={arc(nearest[0]!.position)} />
          ))}
          <path class="arc own" d={arc(term.nearest[0]!.position)} />
          {term.nearest.map(({ position, cosine }, i) => (
            <circle class={i === 0 ? "near own" : "near"} cx={x(position)} cy={ground} r={i === 0 ? 4 : 2.5}>
              <title>{`position ${position}: cosine ${cosine}`}</title>
            </circle>
          ))}
          <path class="now" d={`M${x(t)} ${ground - 6}V${ground + 6}`} />
          <text x={x(0)} y={height - 2}>
            {promptLength > 0 ? "prompt" : "beginning"}
          </text>
          <text x={x(t)} y={height - 2} text-anchor="end">
            here
          </text>
        </svg>
      )}
    </div>
  );
}

function words({ nearest }: Term, t: number): string {
  const near = nearest[0]!;
  return `An arc from here to the most similar past token, ${t - near.position} tokens back, cosine ${fixed(near.cosine, 3)}; fainter ones of the other candidates`;
}
