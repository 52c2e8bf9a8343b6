// The knobs of sampling that a page can turn after the fact, named as the options are.

import type { Stage } from "../data/record.ts";
import { off, samples, samplingOptions } from "../data/options.ts";
import type { RunHeader } from "../data/trace.ts";

export interface Settings {
  readonly temperature: number; // 0: greedy
  readonly top_k: number; // 0: off
  readonly top_p: number; // 1: off
  readonly min_p: number; // 0: off
  readonly typical_p: number; // 1: off
}

// Tokens that every truncation leaves at least: no knob, but the run may have set it.
export function minTokensToKeep(header: RunHeader): number {
  const set = header.options.min_tokens_to_keep;
  return typeof set === "number" ? Math.max(1, set) : 1;
}

export type Knob = keyof Settings;

export interface KnobInfo {
  readonly name: Knob;
  readonly off: number; // the value that does nothing
  readonly max: number;
  readonly step: number;
}

// In the order in which they are applied, which is Hugging Face's.
export const knobs: readonly KnobInfo[] = [
  knob("temperature", 3, 0.05),
  knob("top_k", 200, 1),
  knob("top_p", 1, 0.01),
  knob("min_p", 1, 0.01),
  knob("typical_p", 1, 0.01),
];

function knob(name: Knob, max: number, step: number): KnobInfo {
  return { name, off: Number(off(name)), max, step };
}

// What the run was made with; of a run without sampling, what changes nothing.
export function settingsOf(header: RunHeader): Settings {
  const value = ({ name, off }: KnobInfo) => {
    const set = header.options[name];
    return samples(header) && typeof set === "number" ? set : off;
  };
  const [temperature, top_k, top_p, min_p, typical_p] = knobs.map(value) as [number, number, number, number, number];
  return { temperature, top_k, top_p, min_p, typical_p };
}

export function same(a: Settings, b: Settings): boolean {
  return knobs.every(({ name }) => a[name] === b[name]);
}

// Processors of the recorded run, behind the scores that the knobs begin with, that have no knob.
export function leftOut(stages: readonly Stage[]): string[] {
  return stages.map(({ name }) => name).filter((name) => knobless.has(name));
}

// The processors before the first one that sampling brings: the knobs leave them as they are.
export function edits(stages: readonly Stage[]): readonly Stage[] {
  const first = stages.findIndex(({ name }) => knobless.has(name) || knobs.some((knob) => knob.name === name));
  return first < 0 ? stages : stages.slice(0, first);
}

const knobless = new Set(["watermark", ...samplingOptions.filter((name) => !knobs.some((knob) => knob.name === name))]);
