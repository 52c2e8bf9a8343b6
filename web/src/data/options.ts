// The options of a run as a sentence and as a list.

import { inert } from "./glyphs.ts";
import type { RunHeader } from "./trace.ts";

// The value at which an option does nothing. Options that are not here are in the list only.
const neutral: Readonly<Record<string, unknown>> = {
  length_penalty: 1,
  early_stopping: "false",
  normalize: "generated",
  diversity_penalty: 0,
  force_words: null,
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

// What a strategy alone reads, or reads in its own way; before the others in the sentence.
const own: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  contrastive_search: { penalty_alpha: null, top_k: null },
  contrastive_decoding: { alpha: null, top_k: 0, lambda: 1, beta: null, tau_amateur: 1, amateur_context: 0 },
  dola: { dola_layers: "", relative_top: 0.1 },
};

const verbs: Readonly<Record<string, (header: RunHeader) => string>> = {
  greedy: () => "Chosen greedily",
  sample: () => "Sampled",
  beam: (header) => `Searched with ${beamsOf(header)}`,
  beam_sample: (header) => `Sampled with ${beamsOf(header)}`,
  diverse_beam: (header) => `Searched with ${beamsOf(header)}`,
  constrained_beam: (header) => `Searched for forced words with ${beamsOf(header)}`,
  contrastive_search: () => "Searched contrastively",
  contrastive_decoding: (header) => `${contrasted(header)} against the amateur ${written(header.options.amateur)}`,
  dola: (header) => `${contrasted(header)} against its own early layers`,
};
const deterministic = new Set(["greedy", "beam", "diverse_beam", "constrained_beam", "contrastive_search"]);

export function samples(header: RunHeader): boolean {
  if (header.strategy === "contrastive_decoding" || header.strategy === "dola") return asksToSample(header);
  return !deterministic.has(header.strategy);
}

// top_k has a value without being set.
function asksToSample({ options }: RunHeader): boolean {
  const asks = [...samplingOnly].some((name) => name !== "top_k" && isSet(options[name], neutral[name]));
  return options.temperature !== 0 && (options.do_sample === true || asks);
}

function contrasted(header: RunHeader): string {
  const beams = header.options.num_beams;
  const how = samples(header) ? "Sampled" : "Decoded";
  return typeof beams === "number" && beams > 1 ? `Searched with ${beamsOf(header)}` : how;
}

export function sentence(header: RunHeader): string {
  const special = Object.hasOwn(own, header.strategy) ? own[header.strategy]! : {};
  const general = Object.keys(neutral).filter((name) => !Object.hasOwn(special, name) && (samples(header) || !samplingOnly.has(name)));
  const settings = [...Object.keys(special), ...general]
    .filter((name) => isSet(header.options[name], { ...neutral, ...special }[name]))
    .map((name) => `${name} ${written(header.options[name])}`);
  const verb = Object.hasOwn(verbs, header.strategy)
    ? verbs[header.strategy]!(header)
    : `Decoded with ${header.strategy || "an unnamed strategy"}`;
  const seed = samples(header) && typeof header.options.seed === "number" ? `, seed ${header.options.seed}` : "";
  return `${verb} by ${header.model}${settings.length > 0 ? " with " + join(settings) : ""}${seed}.`;
}

function beamsOf({ options }: RunHeader): string {
  const beams = typeof options.num_beams === "number" ? `${options.num_beams} beams` : "beams";
  const groups = options.num_beam_groups;
  return typeof groups === "number" && groups > 1 ? `${beams} in ${groups} groups` : beams;
}

// Every option, as name and value.
export function optionList(header: RunHeader): [string, string][] {
  return Object.entries(header.options).map(([name, value]) => [name, written(value)]);
}

function isSet(value: unknown, off: unknown): boolean {
  return value !== undefined && value !== null && value !== off && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0);
}

function written(value: unknown): string {
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return "not set";
  return inert(typeof value === "string" ? value : JSON.stringify(value));
}

function join(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
