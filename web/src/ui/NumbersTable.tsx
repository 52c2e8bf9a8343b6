// The numbers behind the pictures of a step.

import type { Row } from "../picture.ts";
import type { State } from "../state.ts";
import { TokenLabel } from "./Glyphs.tsx";
import { numbers, Table, type Column } from "./Table.tsx";

export function NumbersTable({ state }: { state: State }) {
  const { rows, other } = state.picture.value;
  const theirs = other === null ? [] : [numbers<Row>(other.label, "probability", (row) => row.other?.p ?? null, "p-other")];
  const columns: Column<Row>[] = [
    { head: "token", names: true, cell: ({ token, chosen }) => [chosen ? "> " : "", <TokenLabel token={token} />] },
    numbers("logit", "logit", ({ logit }) => logit),
    numbers("score, logit", "logit", ({ cell }) => cell?.score ?? null),
    numbers("probability", "probability", ({ cell }) => cell?.p ?? null, "p"),
    ...theirs,
    numbers("cumulative", "probability", ({ cumulative }) => cumulative),
    { head: "cut by", cell: ({ cell }) => cell?.cutBy ?? "" },
    { head: "id", kind: "num", cell: ({ token }) => token.id },
    { head: "bytes", kind: "hex", cell: ({ token: { bytes } }) => (bytes.length > 24 ? bytes.slice(0, 24) + "…" : bytes) },
  ];
  const rowClass = ({ chosen, cell }: Row) => (chosen ? "chosen" : cell?.cutBy ? "cut" : "");
  return <Table label="Candidates" columns={columns} rows={rows} rowClass={rowClass} rowId={({ token }) => token.id} />;
}
