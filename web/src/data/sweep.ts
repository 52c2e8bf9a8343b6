// A sweep as its page carries it, JSON Lines: the header of its file, a summary with the table of metrics, the means of
// each combination of options, and as many of the results as a browser holds.

import { lineEnd, parseLine } from "./kind.ts";
import { list, number, object, text, type Json } from "./json.ts";
import { readMetrics, type Metric, type Values } from "./metrics.ts";

export interface Axis {
  readonly name: string;
  readonly labels: readonly string[];
}

export interface SweepText {
  readonly prompt: string;
  readonly text: string;
  readonly error: string | null; // what there is instead
}

export interface Sweep {
  readonly file: string;
  readonly model: string;
  readonly points: number;
  readonly prompts: number;
  readonly results: number;
  readonly failed: number;
  readonly metrics: readonly Metric[];
  readonly axes: readonly Axis[]; // the settings, then the options of the grid; a combination is a place on each, the last fastest
  readonly means: readonly Values[]; // by combination, over the prompts
  readonly texts: readonly SweepText[]; // the first ones: all prompts of a combination behind each other
}

export function readSweep(data: string): Sweep {
  const lines: Json[] = [];
  for (let start = 0; start < data.length; ) {
    const end = lineEnd(data, start);
    const json = parseLine(data.slice(start, end));
    if (json !== null) lines.push(json);
    start = end + 1;
  }
  const header = lines[0] ?? {};
  const summary = object(lines.find(({ summary }) => summary !== undefined)?.summary);
  const prompts = Math.max(1, number(object(header.prompts).count, 1));
  return {
    file: text(summary.file),
    model: text(list(header.models)[0]?.name),
    points: number(header.points, NaN),
    prompts,
    results: number(summary.results, 0),
    failed: number(summary.failed, 0),
    metrics: readMetrics(summary.metrics),
    axes: [{ name: "setting", labels: list(header.settings).map(({ label }) => text(label)) }, ...readGrid(object(header.grid))],
    means: lines.filter(({ means }) => Array.isArray(means)).map(({ means }) => (means as unknown[]).map((value) => (typeof value === "number" ? value : null))),
    texts: lines.filter(({ index }) => index !== undefined).map(readResult),
  };
}

function readGrid(grid: Json): Axis[] {
  return Object.entries(grid).map(([name, labels]) => ({ name, labels: Array.isArray(labels) ? labels.map(text) : [] }));
}

function readResult(json: Json): SweepText {
  return {
    prompt: text(json.prompt),
    text: text(json.text),
    error: typeof json.error === "string" ? json.error : null,
  };
}
