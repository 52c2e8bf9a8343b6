// What kind of data a page carries; the first line tells.

import { object, type Json } from "./json.ts";

export type Kind = "trace" | "comparison" | "sweep" | "serve";

export function kindOf(text: string): Kind {
  const first = parseLine(text.slice(0, lineEnd(text, 0)));
  if (first?.serve !== undefined) return "serve";
  if (first?.sweep !== undefined) return "sweep";
  return Array.isArray(first?.settings) && Array.isArray(first.prompts) ? "comparison" : "trace";
}

// null: it is not JSON.
export function parseLine(line: string): Json | null {
  try {
    return object(JSON.parse(line));
  } catch {
    return null;
  }
}

export function lineEnd(text: string, start: number): number {
  const newline = text.indexOf("\n", start);
  return newline < 0 ? text.length : newline;
}
