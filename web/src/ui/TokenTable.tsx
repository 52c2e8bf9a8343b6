// The numbers of all tokens, a page at a time.

import type { Step } from "../data/trace.ts";
import type { State } from "../state.ts";
import { TokenLabel } from "./Glyphs.tsx";
import { numbers, Table, type Column } from "./Table.tsx";

const columns: readonly Column<Step>[] = [
  { head: "token", names: true, cell: ({ token }) => <TokenLabel token={token} /> },
  { head: "position", kind: "num", cell: ({ t }) => t },
  numbers("probability", "probability", ({ p }) => p),
  numbers("model's", "probability", ({ pRaw }) => pRaw),
  numbers("rank", "count", ({ rank }) => rank),
  numbers("entropy, bits", "bits", ({ entropy }) => entropy),
  numbers("kept", "count", ({ kept }) => kept),
];

export function TokenTable({ state }: { state: State }) {
  const at = state.index.value;
  const rowClass = (_: Step, place: number) => (place === at ? "chosen" : "");
  return <Table label="All tokens" columns={columns} rows={state.steps.value} rowClass={rowClass} size={100} at={at} />;
}
