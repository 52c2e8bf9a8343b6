// The steps that would have chosen another token, as a table.

import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Table, type Column } from "../Table.tsx";

export function ChangesTable({ state }: { state: State }) {
  const { contrast } = state;
  const alpha = contrast.alpha.value;
  const changes = contrast.changes.value;
  if (alpha === null || changes.length === 0) return null;
  const toStep = (i: number) => (
    <button class="link" onClick={() => state.select(i)}>
      {i + 1}
    </button>
  );
  const columns: Column<number>[] = [
    { head: "step", names: true, kind: "num", cell: toStep },
    { head: "the run's", kind: "words", cell: (i) => <TokenLabel token={state.steps.value[i]!.token} /> },
    { head: `at ${fixed(alpha, 2)}`, kind: "words", cell: (i) => <TokenLabel token={contrast.winnerOf(i)!} /> },
  ];
  return <Table label="Steps that would change" columns={columns} rows={changes} size={200} />;
}
