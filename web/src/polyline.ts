// A line through points as an SVG path, to a thousandth of a pixel; null where it has a gap.

export type Point = readonly [x: number, y: number];

export function polyline(points: Iterable<Point | null>): string {
  let path = "";
  let pen = "M";
  for (const point of points) {
    if (point !== null) path += pen + point.map((value) => Math.round(value * 1000) / 1000).join(",");
    pen = point === null ? "M" : "L";
  }
  return path;
}
