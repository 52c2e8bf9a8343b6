// The layer map as a table, a page of tokens at a time.

import type { Dola } from "../../data/contrast.ts";
import type { Step } from "../../data/trace.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";
import { Table, type Column } from "../Table.tsx";

interface Row {
  readonly step: Step;
  readonly dola: Dola | null;
}

export function LayerTable({ state }: { state: State }) {
  const { contrast } = state;
  const isP = contrast.statistic.value === "p";
  const at = state.index.value;
  const rows = state.steps.value.map((step, i): Row => ({ step, dola: contrast.dola.value[i] ?? null }));
  const final: Column<Row> = { head: "final", cell: ({ dola }) => dola && <Num value={dola.final.p} unit="probability" /> };
  const columns: Column<Row>[] = [
    { head: "token", names: true, cell: ({ step }) => <TokenLabel token={step.token} /> },
    { head: "step", kind: "num", cell: (_, place) => place + 1 },
    ...[...contrast.layers.value].reverse().map((number) => layerColumn(number, isP)),
    ...(isP ? [final] : []),
  ];
  const caption = `${isP ? "probability of the chosen token" : "divergence from the final layer, nats"}; * was subtracted`;
  const rowClass = (_: Row, place: number) => (place === at ? "chosen" : "");
  return <Table label="Layers of all tokens" caption={caption} columns={columns} rows={rows} rowClass={rowClass} size={20} at={at} />;
}

function layerColumn(number: number, isP: boolean): Column<Row> {
  return {
    head: number,
    kind: ({ dola }) => (number === dola?.chosen ? "subtracted" : ""),
    cell: ({ dola }) => {
      const layer = dola?.layers.find((each) => each.layer === number);
      const value = layer ? <Num value={isP ? layer.p : layer.divergence} unit={isP ? "probability" : "nats"} /> : "–";
      return number === dola?.chosen ? ["*", value] : value;
    },
  };
}
