// One metric along an axis of the sweep, a line for each value of another.

import { fixed } from "../../format.ts";
import { polyline, type Point } from "../../polyline.ts";
import { description, digitsOf, shownLabels, valueScale, type Line } from "../../sweep/plot.ts";

const size = { width: 440, height: 240 };
const margin = { left: 56, right: 16, top: 32, bottom: 40 };
const colours = 6;

interface Props {
  readonly title: string;
  readonly doc: string;
  readonly along: string;
  readonly labels: readonly string[]; // along x
  readonly positions: readonly number[];
  readonly lines: readonly Line[];
  readonly decimals: number;
  readonly zero: boolean;
  readonly onPick: (line: number, place: number) => void;
}

export function LinePlot({ title, doc, along, labels, positions, lines, decimals, zero, onPick }: Props) {
  const { scale, ticks } = valueScale(lines, zero, decimals);
  const x = positions.map((at) => margin.left + (size.width - margin.left - margin.right) * (0.04 + 0.92 * at));
  const y = (value: number) => margin.top + (size.height - margin.top - margin.bottom) * (1 - scale(value));
  const order = labels.map((_, i) => i).sort((a, b) => x[a]! - x[b]!);
  return (
    <svg viewBox={`0 0 ${size.width} ${size.height}`} role="img">
      <title>{title}</title>
      <desc>{description(doc, labels, lines, decimals)}</desc>
      <text class="title" x={0} y={14}>
        {title}
      </text>
      <Axes ticks={ticks} y={y} x={x} labels={labels} along={along} />
      {lines.map(({ label, values }, line) => {
        const covered = Math.min(lines.length - 1 - line, 3) / 2; // shows at the rim
        const d = polyline(order.map((i): Point | null => (values[i] == null ? null : [x[i]!, y(values[i])])));
        return (
          <g>
            <path class="line" style={look(line, 2 + 2 * covered)} d={d} />
            {values.map(
              (value, i) =>
                value !== null && (
                  <circle cx={x[i]} cy={y(value)} r={3.5 + covered} style={{ fill: `var(--g${line % colours})` }} onClick={() => onPick(line, i)}>
                    <title>{`${label === "" ? "" : `${label}, `}${labels[i]}: ${fixed(value, decimals)}`}</title>
                  </circle>
                ),
            )}
          </g>
        );
      })}
    </svg>
  );
}

interface AxesProps {
  readonly ticks: readonly number[];
  readonly y: (value: number) => number;
  readonly x: readonly number[];
  readonly labels: readonly string[];
  readonly along: string;
}

function Axes({ ticks, y, x, labels, along }: AxesProps) {
  const digits = digitsOf(ticks);
  return (
    <g class="axes">
      {ticks.map((tick) => (
        <>
          <line x1={margin.left} x2={size.width - margin.right} y1={y(tick)} y2={y(tick)} />
          <text x={margin.left - 8} y={y(tick) + 4} text-anchor="end">
            {fixed(tick, digits)}
          </text>
        </>
      ))}
      {shownLabels(labels, x).map((i) => (
        <text x={x[i]} y={size.height - margin.bottom + 16} text-anchor="middle">
          {labels[i]}
        </text>
      ))}
      <text class="along" x={(margin.left + size.width - margin.right) / 2} y={size.height - 6} text-anchor="middle">
        {along}
      </text>
    </g>
  );
}

// Colours, then the same ones dashed.
function look(line: number, width: number) {
  const dashes = Math.floor(line / colours);
  return { stroke: `var(--g${line % colours})`, "stroke-width": width, "stroke-dasharray": dashes === 0 ? "none" : `${8 / dashes + 1} 3` };
}

// Which line is which; nothing for a single one without a name.
export function PlotKey({ what, lines }: { what: string; lines: readonly string[] }) {
  if (lines.length === 1 && lines[0] === "") return null;
  return (
    <p class="legend plot-key">
      <span>{what}</span>
      {lines.map((label, i) => (
        <span class="ink">
          <svg viewBox="0 0 24 12" aria-hidden="true">
            <path class="line" style={look(i, 2)} d="M0 6L24 6" />
          </svg>
          {label}
        </span>
      ))}
    </p>
  );
}
