// Who wins each step at each alpha: a column a step, alpha from 0 at the bottom to 1 at the top. Where the column changes
// its tint, another candidate takes over.

import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { useWidth } from "../useWidth.ts";
import { useCanvas } from "./useCanvas.ts";

const height = 112;
const marks = 12; // below, where a step would change

export function WinnerMap({ state }: { state: State }) {
  const { contrast } = state;
  const { ref, width } = useWidth<HTMLDivElement>();
  const all = contrast.reigns.value;
  const changes = contrast.changes.value;
  const column = width / all.length;
  const canvas = useCanvas(width, height + marks, (context, color) => {
    const tints = ["line", "against-1", "against-2", "against-3", "against-4"].map(color);
    const gap = column > 4 ? 1 : 0;
    all.forEach((reigns, i) => {
      for (const { place, from, to } of reigns ?? []) {
        context.fillStyle = tints[Math.min(place, tints.length - 1)]!;
        context.fillRect(i * column, height * (1 - to), Math.max(column - gap, 0.5), height * (to - from));
      }
    });
    context.fillStyle = color("accent");
    for (const i of changes) triangle(context, (i + 0.5) * column, height + 3, Math.max(2, Math.min(5, column / 2)));
  });
  const line = (alpha: number) => `${height * (1 - alpha)}px`;
  const own = contrast.search.value?.alpha ?? 0;
  return (
    <figure class="winner-map">
      <div class="winner-frame">
        <span class="num winner-axis" aria-hidden="true">
          <span>1</span>
          <span>α</span>
          <span>0</span>
        </span>
        <div
          class="winner-plot"
          ref={ref}
          role="img"
          aria-label={`Winner at every alpha, ${all.length} steps. ${changes.length} would choose another token at ${fixed(contrast.alphaShown.value, 2)}.`}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            state.select(Math.floor(((event.clientX - box.left) / box.width) * all.length));
          }}
        >
          <canvas ref={canvas} style={{ width: "100%", height: `${height + marks}px` }} aria-hidden="true" />
          <i class="alpha-own" style={{ top: line(own) }} />
          {contrast.alpha.value !== null && <i class="alpha-now" style={{ top: line(contrast.alpha.value) }} />}
          <i class="winner-here" style={{ left: `${state.index.value * column}px`, width: `${Math.max(column, 3)}px`, height: `${height}px` }} />
        </div>
      </div>
      <figcaption>
        <span class="legend">
          <span>
            <i class="key" style={{ background: "var(--line)" }} /> the likeliest wins
          </span>
          {["2nd", "3rd", "4th", "later"].map((name, i) => (
            <span>
              <i class="key" style={{ background: `var(--against-${i + 1})` }} /> {name}
            </span>
          ))}
          <span>
            <i class="key dashes" /> the run's alpha
          </span>
        </span>
        <Steps state={state} />
      </figcaption>
    </figure>
  );
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + half, y + 8);
  context.lineTo(x - half, y + 8);
  context.fill();
}

// From change to change without a pointer.
function Steps({ state }: { state: State }) {
  const changes = state.contrast.changes.value;
  const index = state.index.value;
  const before = changes.findLast((i) => i < index);
  const after = changes.find((i) => i > index);
  if (state.contrast.alpha.value === null) return null;
  return (
    <span class="buttons">
      <button disabled={before === undefined} onClick={() => state.select(before!)}>
        ‹ change
      </button>
      <button disabled={after === undefined} onClick={() => state.select(after!)}>
        change ›
      </button>
    </span>
  );
}
