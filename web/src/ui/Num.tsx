// A number with its unit and, for programs and for copying, every digit.

import { fixed, percent, probability, whole } from "../format.ts";

const writers = {
  probability: (x: number) => probability(x),
  percent: (x: number) => percent(x),
  logit: (x: number) => fixed(x, 2),
  bits: (x: number) => fixed(x, 2),
  nats: (x: number) => fixed(x, 2),
  normalised: (x: number) => (Math.abs(x) >= 1e5 ? x.toExponential(2).replaceAll("-", "−") : fixed(x, 3)),
  score: (x: number) => fixed(x, 3),
  share: (x: number) => fixed(x, 3),
  rate: (x: number) => fixed(x, 1),
  count: (x: number) => whole(x),
};

export type Unit = keyof typeof writers;

export function Num({ value, unit }: { value: number; unit: Unit }) {
  return (
    <data class="num" value={String(value)} title={`${value} (${unit})`}>
      {writers[unit](value)}
    </data>
  );
}
