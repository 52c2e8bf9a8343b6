// The options of a run as a sentence and as a list.

import { inert } from "./glyphs.ts";
import tables from "./options.json";
import type { RunHeader } from "./trace.ts";

// Made from the engine's own tables (tests/options/reference_test.cpp).
interface OptionRow {
  readonly name: string;
  readonly off: unknown; // the value at which it does nothing
  readonly default?: unknown; // where that is another
  readonly told: boolean; // in the sentence
  readonly sampling: boolean; // asks for sampling by being set
  readonly read_by_all?: boolean; // by every strategy
}
interface StrategyRow {
  readonly name: string;
  readonly draws: string;
  readonly reads: readonly string[]; // beside what all read, and what all read that draw
}

const options: ReadonlyMap<string, OptionRow> = new Map(tables.options.map((row) => [row.name, row]));
const strategies: ReadonlyMap<string, StrategyRow> = new Map(tables.strategies.map((row) => [row.name, row]));

// The options that ask for sampling.
export const samplingOptions: readonly string[] = tables.options.filter(({ sampling }) => sampling).map(({ name }) => name);

export function off(name: string): unknown {
  return options.get(name)?.off;
}

const verbs: Readonly<Record<string, (header: RunHeader) => string>> = {
  told: () => "Log-probabilities as told",
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

export function samples(header: RunHeader): boolean {
  const draws = strategies.get(header.strategy)?.draws ?? "always";
  return draws === "when asked" ? asksToSample(header) : draws === "always";
}

// An option whose default does something has a value without being set.
function asksToSample({ options: given }: RunHeader): boolean {
  const asks = samplingOptions.some((name) => options.get(name)?.default === undefined && isSet(given[name], off(name)));
  return given.temperature !== 0 && (given.do_sample === true || asks);
}

function contrasted(header: RunHeader): string {
  const beams = header.options.num_beams;
  const how = samples(header) ? "Sampled" : "Decoded";
  return typeof beams === "number" && beams > 1 ? `Searched with ${beamsOf(header)}` : how;
}

export function sentence(header: RunHeader): string {
  const special = strategies.get(header.strategy)?.reads ?? [];
  const general = tables.options.filter((row) => row.read_by_all === true || (row.sampling && samples(header)));
  const names = new Set([...special, ...general.map(({ name }) => name)]);
  const settings = [...names]
    .filter((name) => options.get(name)?.told === true && isSet(header.options[name], off(name)))
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

// Every option, as name and value, and whether it is set; those that are come first.
export function optionList(header: RunHeader): [string, string, boolean][] {
  const all = Object.entries(header.options).map(([name, value]): [string, string, boolean] => [name, written(value), isGiven(name, value)]);
  return [...all.filter(([, , set]) => set), ...all.filter(([, , set]) => !set)];
}

function isGiven(name: string, value: unknown): boolean {
  const row = options.get(name);
  if (row === undefined) return false;
  return isSet(value, row.off) && JSON.stringify(value) !== JSON.stringify(row.default ?? row.off);
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
