// Both terms of every candidate as a table.

import { scoreAt } from "../../contrast/winner.ts";
import type { ContrastiveSearch, Term } from "../../data/contrast.ts";
import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { numbers, Table, type Column } from "../Table.tsx";

export function TermsTable({ state, search }: { state: State; search: ContrastiveSearch }) {
  const { contrast } = state;
  const alpha = contrast.alphaShown.value;
  const past = contrast.past.value;
  const winner = contrast.winner.value;
  const changed = contrast.alpha.value === null ? [] : [numbers<Term>(`score at ${fixed(alpha, 2)}`, "score", (term) => scoreAt(term, alpha))];
  const which = ([near]: Term["nearest"]) => (near ? (past.at(near.position).text ?? "in the prompt") : "");
  const columns: Column<Term>[] = [
    { head: "token", names: true, cell: (term, place) => [place === winner ? "> " : "", <TokenLabel token={term} />] },
    numbers("probability", "probability", ({ p }) => p),
    numbers("similarity", "score", ({ similarity }) => similarity),
    numbers("score, recorded", "score", ({ score }) => score),
    ...changed,
    { head: "most like position", kind: "num", cell: ({ nearest: [near] }) => near?.position ?? "–" },
    { head: "which is", kind: "words", cell: ({ nearest }) => which(nearest) },
  ];
  const rowClass = (_: Term, place: number) => (place === winner ? "chosen" : "");
  return <Table label="Both terms of every candidate" columns={columns} rows={search.candidates} rowClass={rowClass} rowId={({ id }) => id} />;
}
