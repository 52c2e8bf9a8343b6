// The options of a run as a sentence and as a list.

import { inert } from "./glyphs.ts";
import type { RunHeader } from "./trace.ts";

// The value at which an option does nothing. Options that are not here are in the list only.
const neutral: Readonly<Record<string, unknown>> = {
  guidance_scale: 1,
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  frequency_penalty: 0,
  presence_penalty: 0,
  dry_multiplier: 0,
  no_repeat_ngram_size: 0,
  temperature: 1,
  dynatemp_range: 0,
  top_h: null,
  top_k: 0,
  top_p: 1,
  min_p: 0,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  top_n_sigma: 0,
  xtc_probability: 0,
  mirostat: 0,
  adaptive_target: null,
};
const samplingOnly = new Set(Object.keys(neutral).slice(Object.keys(neutral).indexOf("temperature")));

const verbs: Readonly<Record<string, string>> = { greedy: "Chosen greedily", sample: "Sampled" };

export function samples(header: RunHeader): boolean {
  return header.strategy !== "greedy";
}

export function sentence(header: RunHeader): string {
  const settings = Object.keys(neutral)
    .filter((name) => samples(header) || !samplingOnly.has(name))
    .filter((name) => isSet(header.options[name], neutral[name]))
    .map((name) => `${name} ${written(header.options[name])}`);
  const verb = verbs[header.strategy] ?? `Decoded with ${header.strategy || "an unnamed strategy"}`;
  const seed = samples(header) && typeof header.options.seed === "number" ? `, seed ${header.options.seed}` : "";
  return `${verb} by ${header.model}${settings.length > 0 ? " with " + join(settings) : ""}${seed}.`;
}

// Every option, as name and value.
export function optionList(header: RunHeader): [string, string][] {
  return Object.entries(header.options).map(([name, value]) => [name, written(value)]);
}

function isSet(value: unknown, off: unknown): boolean {
  return value !== undefined && value !== null && value !== off;
}

function written(value: unknown): string {
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return "not set";
  return inert(typeof value === "string" ? value : JSON.stringify(value));
}

function join(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
