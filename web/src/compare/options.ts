// What the settings of a comparison set, and where they differ.

import { inert } from "../data/glyphs.ts";
import type { Setting } from "../data/comparison.ts";
import { sentence } from "../data/options.ts";

// The names of the options that are not the same in all settings.
export function differing(settings: readonly Setting[]): string[] {
  const names = new Set(settings.flatMap(({ options }) => Object.keys(options)));
  const different = (name: string) => new Set(settings.map(({ options }) => JSON.stringify(options[name] ?? null))).size > 1;
  return [...names].filter(different);
}

// How a setting's texts were made, as the page of a trace says it.
export function settingSentence({ label, strategy, alone, options }: Setting, model: string): string {
  const writer = alone ? `the amateur ${isValue(options.amateur) ? `${optionText(options.amateur)} ` : ""}alone` : inert(model);
  return sentence({ label, model: writer, strategy: inert(strategy), options, promptText: "", promptIds: [], promptTokens: [] });
}

export function optionText(value: unknown): string {
  if (!isValue(value)) return "–";
  return inert(typeof value === "string" ? value : JSON.stringify(value));
}

function isValue(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}
