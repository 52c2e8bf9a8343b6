// The entropy of a text from token to token, and the speed of the server from second to second: small lines.

import { polyline, type Point } from "../../polyline.ts";

export function Spark({ values, label, most }: { values: readonly number[]; label: string; most?: number }) {
  if (values.length < 2) return null;
  const top = Math.max(most ?? 0, ...values) || 1;
  const points = values.map((value, i): Point => [(1000 * i) / (values.length - 1), 24 * (1 - (value || 0) / top)]);
  return (
    <svg class="spark" viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={polyline([[0, 24], ...points, [1000, 24]])} />
    </svg>
  );
}
