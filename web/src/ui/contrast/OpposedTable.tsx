// Two distributions and their difference as a table.

import { TokenLabel } from "../Glyphs.tsx";
import { numbers, Table, type Column } from "../Table.tsx";
import type { Labels, Pair } from "./Opposed.tsx";

export function OpposedTable({ pairs, labels }: { pairs: readonly Pair[]; labels: Labels }) {
  const columns: Column<Pair>[] = [
    { head: "token", names: true, cell: ({ token, chosen }) => [chosen ? "> " : "", <TokenLabel token={token} />] },
    numbers(`${labels.against}, log p`, "nats", ({ against }) => against),
    numbers(`${labels.for}, log p`, "nats", (pair) => pair.for),
    numbers(labels.net, labels.unit, ({ net }) => net),
    { head: "masked", kind: "words", cell: ({ masked }) => masked ?? "" },
    { head: "id", kind: "num", cell: ({ token }) => token.id },
  ];
  const rowClass = ({ chosen, masked }: Pair) => (chosen ? "chosen" : masked !== null ? "cut" : "");
  return <Table label={`${labels.for} and ${labels.against}`} columns={columns} rows={pairs} rowClass={rowClass} rowId={({ token }) => token.id} />;
}
