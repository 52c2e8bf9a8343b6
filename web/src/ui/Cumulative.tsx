// The probability of all rows down to each one, as a line at the right edge.

import type { Picture, Row } from "../picture.ts";
import { polyline, type Point } from "../polyline.ts";

// As in the style sheet, in pixels.
const rowHeight = 32;
const cutoffHeight = 24;

export function Cumulative({ picture, rows }: { picture: Picture; rows: readonly Row[] }) {
  const { cutoff } = picture;
  const top = (i: number) => i * rowHeight + (i >= cutoff ? cutoffHeight : 0);
  const height = rows.length * rowHeight + (cutoff <= rows.length ? cutoffHeight : 0);
  const points: Point[] = [[0, 0]]; // in percent and pixels
  rows.forEach(({ cumulative }, i) => {
    const middle = top(i) + rowHeight / 2;
    points.push([100 * (rows[i - 1]?.cumulative ?? 0), middle], [100 * cumulative, middle]);
  });
  points.push([100 * (rows.at(-1)?.cumulative ?? 0), height]);
  return (
    <div class="lane">
      <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={polyline(points)} />
      </svg>
    </div>
  );
}
