// What is measured of a text, as comparisons and sweeps tell it: a table of metrics, and values in its order.

import { list, number, object, optional, text, type Json } from "./json.ts";

export interface Metric {
  readonly name: string;
  readonly label: string;
  readonly doc: string;
  readonly decimals: number; // that are shown
  readonly isTime: boolean; // differs from run to run
}

export type Values = readonly (number | null)[]; // null: nothing was measured

export function readMetrics(value: unknown): Metric[] {
  return list(value).map((json) => ({
    name: text(json.name),
    label: text(json.label),
    doc: text(json.doc),
    decimals: Math.max(0, Math.min(number(json.decimals, 3), 20)),
    isTime: json.is_time === true,
  }));
}

export function readValues(metrics: readonly Metric[], json: Json): Values {
  return metrics.map(({ name, isTime }) => optional(object(isTime ? json.time : json.metrics)[name]));
}

// Of each metric, over those that have it.
export function mean(all: readonly Values[], count: number): Values {
  return Array.from({ length: count }, (_, metric) => {
    const values = all.map((each) => each[metric] ?? null).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
  });
}
