// The numbers of the tree for the clipboard: tab-separated, every digit, units in the first line.

import type { Branch, Search } from "../data/search.ts";
import { spelled } from "../data/spelling.ts";
import { ownLogP } from "./words.ts";

const columns: readonly (readonly [string, (branch: Branch) => number | string | null])[] = [
  ["step", ({ step }) => step + 1],
  ["node", ({ node }) => node],
  ["parent", ({ parent }) => parent?.node ?? 0],
  ["group", ({ group }) => group + 1],
  ["rank", ({ rank }) => rank + 1],
  ["id", ({ token }) => token.id],
  ["token", ({ token }) => spelled(token)],
  ["log p (nats)", ownLogP],
  ["score (nats)", ({ score }) => score],
  ["fate", ({ fate }) => fate],
  ["reason", ({ reason }) => reason],
  ["place", ({ lane }) => (lane === null ? null : lane + 1)],
  ["finish", ({ finish }) => finish],
  ["length", ({ length }) => length],
  ["normalised score", ({ normalized }) => normalized],
  ["penalty (nats)", ({ penalty }) => penalty],
  ["bank", ({ bank }) => bank],
];

export function branchTable({ branches }: Search): string {
  const head = columns.map(([name]) => name).join("\t");
  const lines = branches.map((branch) => columns.map(([, value]) => clean(value(branch))).join("\t"));
  return [head, ...lines].join("\n") + "\n";
}

function clean(value: number | string | null): string {
  return value === null || Number.isNaN(value) ? "" : String(value).replace(/[\t\n\r]/g, " ");
}
