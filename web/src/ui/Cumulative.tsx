// The probability of all rows down to each one, as a line at the right edge; the draw is a tick on it.

import { line } from "d3-shape";
import type { Picture, Row } from "../picture.ts";

// As in the style sheet, in pixels.
const rowHeight = 32;
const cutoffHeight = 24;

export function Cumulative({ picture, rows }: { picture: Picture; rows: readonly Row[] }) {
  const { cutoff, wing } = picture;
  const top = (i: number) => i * rowHeight + (i >= cutoff ? cutoffHeight : 0);
  const height = rows.length * rowHeight + (cutoff <= rows.length ? cutoffHeight : 0);
  const points: [number, number][] = [[0, 0]];
  rows.forEach(({ cumulative }, i) => {
    const middle = top(i) + rowHeight / 2;
    points.push([rows[i - 1]?.cumulative ?? 0, middle], [cumulative, middle]);
  });
  points.push([rows.at(-1)?.cumulative ?? 0, height]);
  const path = line<[number, number]>(
    ([x]) => 100 * x,
    ([, y]) => y,
  )(points);
  const hit = rows.findIndex(({ token }) => token.id === wing.drawn);
  return (
    <div class="lane">
      <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path ?? ""} />
      </svg>
      {wing.u !== null && hit >= 0 && <Draw u={wing.u} y={top(hit) + rowHeight / 2} />}
    </div>
  );
}

function Draw({ u, y }: { u: number; y: number }) {
  return (
    <>
      <i class="draw-line" style={{ left: `${100 * u}%`, height: `${y}px` }} />
      <i class="draw" style={{ left: `${100 * u}%`, top: `${y}px` }} />
      <span class="draw-label num" style={{ left: `clamp(0px, ${100 * u}% - 28px, 100% - 56px)`, top: `${y}px` }}>
        u {u.toFixed(3)}
      </span>
    </>
  );
}
