// Prompts under settings, side by side, as decant compare --json writes them, read tolerantly.

import { list, number, object, text, type Json } from "./json.ts";
import { readMetrics, readValues, type Metric, type Values } from "./metrics.ts";
import { lineEnd, parseLine } from "./kind.ts";

export interface Setting {
  readonly label: string;
  readonly strategy: string;
  readonly alone: boolean; // of the models it names, only the amateur writes
  readonly options: Json;
  readonly means: Values; // over the prompts
}

export interface ComparedText {
  readonly error: string | null; // what ended it instead
  readonly ids: readonly number[];
  readonly pieces: readonly string[]; // by token; whole characters, each in the last of its tokens
  readonly repeats: (token: number) => boolean; // whether it belongs to an n-gram that stands further ahead as well
  readonly values: Values;
}

export interface ComparedPrompt {
  readonly prompt: string;
  readonly common: number; // tokens with which all texts begin
  readonly texts: readonly ComparedText[]; // by setting
}

export interface Comparison {
  readonly model: string;
  readonly ngram: number;
  readonly metrics: readonly Metric[];
  readonly settings: readonly Setting[];
  readonly prompts: readonly ComparedPrompt[];
  readonly traces: ReadonlyMap<string, string>; // of "PROMPT SETTING", where the page carries them
}

export function readComparison(data: string): Comparison {
  const end = lineEnd(data, 0);
  const json = parseLine(data.slice(0, end)) ?? {};
  const metrics = readMetrics(json.metrics);
  return {
    model: text(json.model),
    ngram: number(json.ngram, 4),
    metrics,
    settings: list(json.settings).map((each) => readSetting(each, metrics)),
    prompts: list(json.prompts).map((each) => readPrompt(each, metrics)),
    traces: readTraces(data, end + 1),
  };
}

// Each behind a line that says whose it is.
function readTraces(data: string, start: number): Map<string, string> {
  const found = new Map<string, string>();
  const heads = [...data.slice(start).matchAll(/^\{"cell":\[(\d+),(\d+)\]\}$/gm)];
  heads.forEach((head, i) => {
    const from = start + head.index + head[0].length + 1;
    const to = heads[i + 1] === undefined ? data.length : start + heads[i + 1]!.index;
    found.set(`${head[1]} ${head[2]}`, data.slice(from, to));
  });
  return found;
}

function readSetting(json: Json, metrics: readonly Metric[]): Setting {
  return {
    label: text(json.label),
    strategy: text(json.strategy),
    alone: json.amateur_alone === true,
    options: object(json.options),
    means: readValues(metrics, json),
  };
}

function readPrompt(json: Json, metrics: readonly Metric[]): ComparedPrompt {
  return {
    prompt: text(json.prompt),
    common: number(object(json.common).tokens, 0),
    texts: list(json.texts).map((each) => readText(each, metrics)),
  };
}

function readText(json: Json, metrics: readonly Metric[]): ComparedText {
  const array = (value: unknown) => (Array.isArray(value) ? (value as unknown[]) : []);
  const repeated = new Set(
    array(json.repeated).flatMap((range) => {
      const [first, end] = array(range).map((each) => number(each, 0));
      return Array.from({ length: Math.max(0, (end ?? 0) - (first ?? 0)) }, (_, i) => first! + i);
    }),
  );
  return {
    error: typeof json.error === "string" ? json.error : null,
    ids: array(json.ids).map((id) => number(id, -1)),
    pieces: array(json.pieces).map(text),
    repeats: (token) => repeated.has(token),
    values: readValues(metrics, json),
  };
}
