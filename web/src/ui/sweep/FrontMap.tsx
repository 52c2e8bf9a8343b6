// A sweep as a map: every combination a point of two metrics, by itself quality against repetition, with the front of
// those that no other beats; what a point wrote stands beside it.

import { useSignal } from "@preact/signals";
import { inert } from "../../data/glyphs.ts";
import { counted, fixed } from "../../format.ts";
import { polyline, type Point } from "../../polyline.ts";
import { directionOf, front, spots, type Spot } from "../../sweep/front.ts";
import { describe } from "../../sweep/grid.ts";
import { digitsOf, valueScale } from "../../sweep/plot.ts";
import type { SweepState } from "../../sweep/state.ts";
import { useWidth } from "../useWidth.ts";
import { Running } from "../Running.tsx";
import { Choice } from "./Filters.tsx";

const widest = 640;
const height = 400;
const margin = { left: 64, right: 24, top: 16, bottom: 48 };
const mostStops = 60; // points that the keyboard stops at; of more, those of the front

export function FrontMap({ state }: { state: SweepState }) {
  const { sweep, mapX, mapY } = state;
  const { metrics, means, axes } = sweep;
  const shown = useSignal<number | null>(null);
  if (metrics.length < 2 || means.length < 2) return null;
  const [x, y] = [metrics[mapX.value]!, metrics[mapY.value]!];
  const all = spots(means, mapX.value, mapY.value);
  const best = front(all, directionOf(x), directionOf(y));
  const onFront = new Set(best.map(({ combination }) => combination));
  const at = shown.value ?? state.only.value ?? best[0]?.combination ?? all[0]?.combination ?? null;
  const choices = metrics.map(({ label }, value) => ({ value, label: inert(label) }));
  const words = (spot: Spot) => `${describe(axes, spot.combination) || "the texts"}: ${inert(x.label)} ${fixed(spot.x, x.decimals)}, ${inert(y.label)} ${fixed(spot.y, y.decimals)}`;
  return (
    <section aria-labelledby="front">
      <div class="section-head">
        <h2 id="front">Map</h2>
        <div class="toolbar">
          <Choice label="across" value={mapX.value} choices={choices} onChange={(metric) => (mapX.value = metric!)} />
          <Choice label="up" value={mapY.value} choices={choices} onChange={(metric) => (mapY.value = metric!)} />
        </div>
      </div>
      <p class="note">
        {best.length > 0 ? `${best.length} of ${counted(all.length, "combination")} ${best.length === 1 ? "is" : "are"} not beaten in both (filled, joined): ${better(x)}, ${better(y)} is better.` : "One of these has no better end, so there is no front."}{" "}
        Point at one to read what it wrote; a click lists it below.
      </p>
      <div class="front">
        <Plot all={all} best={best} onFront={onFront} at={at} state={state} words={words} onShow={(combination) => (shown.value = combination)} />
        {at !== null && <Reading state={state} combination={at} words={all.filter(({ combination }) => combination === at).map(words)[0] ?? ""} />}
      </div>
    </section>
  );
}

function better(metric: { name: string; label: string; doc: string; decimals: number; isTime: boolean }): string {
  return `${directionOf(metric) > 0 ? "more" : "less"} ${inert(metric.label)}`;
}

interface PlotProps {
  readonly all: readonly Spot[];
  readonly best: readonly Spot[];
  readonly onFront: ReadonlySet<number>;
  readonly at: number | null;
  readonly state: SweepState;
  readonly words: (spot: Spot) => string;
  readonly onShow: (combination: number) => void;
}

function Plot({ all, best, onFront, at, state, words, onShow }: PlotProps) {
  const { metrics } = state.sweep;
  const { ref, width } = useWidth<HTMLDivElement>();
  const size = { width: width === 0 ? widest : Math.min(width, widest), height };
  const [mx, my] = [metrics[state.mapX.value]!, metrics[state.mapY.value]!];
  const sx = valueScale([{ label: "", values: all.map(({ x }) => x) }], false, mx.decimals);
  const sy = valueScale([{ label: "", values: all.map(({ y }) => y) }], false, my.decimals);
  const px = (value: number) => margin.left + (size.width - margin.left - margin.right) * sx.scale(value);
  const py = (value: number) => margin.top + (size.height - margin.top - margin.bottom) * (1 - sy.scale(value));
  const stops = (spot: Spot) => all.length <= mostStops || onFront.has(spot.combination);
  const pick = (combination: number) => {
    onShow(combination);
    state.pickOne(combination);
  };
  const across = sx.ticks.filter((_, i) => i % Math.ceil((48 * sx.ticks.length) / size.width) === 0);
  return (
    <div ref={ref}>
      <svg class="front-plot" width={size.width} height={size.height} role="group" aria-label={`${inert(my.label)} against ${inert(mx.label)}`}>
        <g class="axes" aria-hidden="true">
          {across.map((tick) => (
            <>
              <line x1={px(tick)} x2={px(tick)} y1={margin.top} y2={size.height - margin.bottom} />
              <text x={px(tick)} y={size.height - margin.bottom + 18} text-anchor="middle">
                {fixed(tick, digitsOf(sx.ticks))}
              </text>
            </>
          ))}
          {sy.ticks.map((tick) => (
            <>
              <line x1={margin.left} x2={size.width - margin.right} y1={py(tick)} y2={py(tick)} />
              <text x={margin.left - 8} y={py(tick) + 4} text-anchor="end">
                {fixed(tick, digitsOf(sy.ticks))}
              </text>
            </>
          ))}
          <text x={(margin.left + size.width - margin.right) / 2} y={size.height - 8} text-anchor="middle">
            {inert(mx.label)}
          </text>
          <text transform={`translate(14,${(margin.top + size.height - margin.bottom) / 2}) rotate(-90)`} text-anchor="middle">
            {inert(my.label)}
          </text>
        </g>
        <path class="front-line" d={polyline(best.map(({ x, y }): Point => [px(x), py(y)]))} />
        {all.map((spot) => (
          <circle
            class={`${onFront.has(spot.combination) ? "on-front" : ""}${spot.combination === at ? " selected" : ""}`}
            cx={px(spot.x)}
            cy={py(spot.y)}
            r={spot.combination === at ? 8 : 6}
            role="button"
            tabIndex={stops(spot) ? 0 : -1}
            aria-label={words(spot)}
            onPointerEnter={() => onShow(spot.combination)}
            onFocus={() => onShow(spot.combination)}
            onClick={() => pick(spot.combination)}
            onKeyDown={(event) => event.key === "Enter" && pick(spot.combination)}
          >
            <title>{words(spot)}</title>
          </circle>
        ))}
      </svg>
    </div>
  );
}

const longest = 600; // characters

function Reading({ state, combination, words }: { state: SweepState; combination: number; words: string }) {
  const { texts, prompts } = state.sweep;
  const one = texts[combination * prompts];
  return (
    <div class="front-reading">
      <p class="note">{words}</p>
      {one && (
        <p class="passage" dir="auto">
          <span class="shared">
            <Running text={one.prompt} />
          </span>
          <Running text={(one.error === null ? one.text : ` failed: ${one.error}`).slice(0, longest)} />
        </p>
      )}
    </div>
  );
}
