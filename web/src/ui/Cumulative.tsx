// The probability of all rows down to each one, as a line at the right edge; the draw is a tick on it.

import type { Picture, Row } from "../picture.ts";
import { polyline, type Point } from "../polyline.ts";

// As in the style sheet, in pixels.
const rowHeight = 32;
const cutoffHeight = 24;

export function Cumulative({ picture, rows }: { picture: Picture; rows: readonly Row[] }) {
  const { cutoff, wing } = picture;
  const top = (i: number) => i * rowHeight + (i >= cutoff ? cutoffHeight : 0);
  const height = rows.length * rowHeight + (cutoff <= rows.length ? cutoffHeight : 0);
  const points: Point[] = [[0, 0]]; // in percent and pixels
  rows.forEach(({ cumulative }, i) => {
    const middle = top(i) + rowHeight / 2;
    points.push([100 * (rows[i - 1]?.cumulative ?? 0), middle], [100 * cumulative, middle]);
  });
  points.push([100 * (rows.at(-1)?.cumulative ?? 0), height]);
  const hit = rows.findIndex(({ token }) => token.id === wing.drawn);
  return (
    <div class="lane">
      <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={polyline(points)} />
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
