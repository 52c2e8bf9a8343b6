// A step as columns: raw logits on the left axis, final probabilities on the right one, and above them, on the same
// tokens, the cumulative probability with the cutoff and the draw.

import { spelled } from "../data/spelling.ts";
import { withChosen, type Picture, type Row } from "../picture.ts";
import { polyline, type Point } from "../polyline.ts";
import type { State } from "../state.ts";
import { logitAxis, probabilityAxis, type Axis } from "./axes.ts";
import { MoreRows } from "./MoreRows.tsx";
import { cutoffLabel, summary } from "./words.ts";
import { useWidth } from "./useWidth.ts";

const margin = { left: 48, right: 56, top: 24, bottom: 104 };
const cumulativeHeight = 72;
const gap = 24;
const barsHeight = 232;
const barsTop = margin.top + cumulativeHeight + gap;
const bottom = barsTop + barsHeight;
const narrowest = 14; // pixels for a token
const mostAtFirst = 50;

export function DualAxis({ state }: { state: State }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const picture = state.picture.value;
  const room = width - margin.left - margin.right;
  const fitting = Math.max(8, Math.min(mostAtFirst, Math.floor(room / narrowest)));
  const rows = state.expanded.value ? picture.rows : withChosen(picture.rows, fitting);
  const step = Math.max(narrowest, room / rows.length);
  const full = margin.left + step * rows.length + margin.right;
  const logits = logitAxis(picture, 5);
  const probabilities = probabilityAxis(picture, state.scale.value, 5);
  const x = (i: number) => margin.left + i * step;
  return (
    <>
      <div class="columns" ref={ref} tabIndex={0} role="region" aria-label="Columns, may scroll sideways">
        {width > 0 && (
          <svg width={full} height={bottom + margin.bottom} role="img" aria-label={summary(state)}>
            <Lines full={full} probabilities={probabilities} />
            {rows.map((row, i) => (
              <Column row={row} x={x(i)} step={step} logits={logits} probabilities={probabilities} two={!!picture.other} />
            ))}
            <Labels full={full} logits={logits} probabilities={probabilities} />
            <CumulativeLine rows={rows} x={x} />
            <CutoffLine picture={picture} x={x} full={full} shown={rows.length} />
          </svg>
        )}
      </div>
      <MoreRows state={state} shown={rows.length} first={fitting} />
    </>
  );
}

const lowerY = (share: number) => bottom - share * barsHeight;
const upperY = (share: number) => margin.top + (1 - share) * cumulativeHeight;
const upperTicks = [0, 0.5, 1];

function Lines({ full, probabilities }: { full: number; probabilities: Axis }) {
  const heights = [...probabilities.ticks.map(({ at }) => lowerY(at)), ...upperTicks.map(upperY)];
  return (
    <g class="axes">
      {heights.map((y) => (
        <line x1={margin.left} x2={full - margin.right} y1={y} y2={y} />
      ))}
    </g>
  );
}

function Labels({ full, logits, probabilities }: { full: number; logits: Axis; probabilities: Axis }) {
  const right = full - margin.right + 8;
  return (
    <g class="axes">
      {logits.ticks.map(({ at, label }) => (
        <text x={margin.left - 8} y={lowerY(at) + 4} text-anchor="end">
          {label}
        </text>
      ))}
      {probabilities.ticks.map(({ at, label }) => (
        <text x={right} y={lowerY(at) + 4}>
          {label}
        </text>
      ))}
      {upperTicks.map((share) => (
        <text x={right} y={upperY(share) + 4}>
          {share}
        </text>
      ))}
      <text class="title" x={0} y={margin.top - 10}>
        <tspan class="ink">cumulative probability</tspan>
      </text>
      <text class="title" x={0} y={barsTop - 10}>
        ■ <tspan class="ink">logit</tspan>
      </text>
      <text class="title of-p" x={full} y={barsTop - 10} text-anchor="end">
        ■ <tspan class="ink">probability</tspan>
      </text>
    </g>
  );
}

function Column(props: { row: Row; x: number; step: number; logits: Axis; probabilities: Axis; two: boolean }) {
  const { row, x, step, logits, probabilities, two } = props;
  const { cell, other, logit, chosen } = row;
  const width = (step - 4) / (two ? 3 : 2);
  const bar = (kind: string, place: number, share: number) => (
    <rect class={kind} x={x + 2 + place * width} y={lowerY(share)} width={width} height={share * barsHeight} />
  );
  return (
    <g class={`column${chosen ? " chosen" : ""}${cell?.cutBy ? " cut" : ""}`}>
      <title>{columnTitle(row)}</title>
      <rect class="back" x={x} y={margin.top} width={step} height={bottom - margin.top} />
      {bar("logit", 0, logits.at(logit))}
      {two && bar("p other", 1, probabilities.at(other?.p ?? 0))}
      {bar("p", two ? 2 : 1, probabilities.at(cell?.p ?? 0))}
      <text class="label" transform={`translate(${x + step / 2 + 4},${bottom + 12}) rotate(-60)`}>
        {chosen ? "> " : ""}
        {spelled(row.token, 14)}
      </text>
    </g>
  );
}

function columnTitle({ token, logit, cell }: Row): string {
  const fate = cell === null ? "not listed" : cell.cutBy ? `cut by ${cell.cutBy}` : `probability ${cell.p}`;
  return `${spelled(token, 80)}: logit ${logit}, ${fate}`;
}

function CumulativeLine({ rows, x }: { rows: readonly Row[]; x: (i: number) => number }) {
  const points: Point[] = [[x(0), upperY(0)]];
  rows.forEach(({ cumulative }, i) => {
    const middle = (x(i) + x(i + 1)) / 2;
    points.push([middle, upperY(rows[i - 1]?.cumulative ?? 0)], [middle, upperY(cumulative)]);
  });
  points.push([x(rows.length), upperY(rows.at(-1)?.cumulative ?? 0)]);
  return (
    <g class="cumulative">
      <path d={polyline(points)} />
    </g>
  );
}

function CutoffLine(props: { picture: Picture; x: (i: number) => number; full: number; shown: number }) {
  const { picture, x, full, shown } = props;
  const { cutoff } = picture;
  if (cutoff < 0 || cutoff >= shown) return null;
  const late = x(cutoff) > full * 0.6;
  return (
    <g class="cutoff-line">
      <line x1={x(cutoff)} x2={x(cutoff)} y1={margin.top} y2={bottom} />
      <text x={x(cutoff) + (late ? -6 : 6)} y={barsTop + 10} text-anchor={late ? "end" : "start"}>
        {cutoffLabel(picture)}
      </text>
    </g>
  );
}
