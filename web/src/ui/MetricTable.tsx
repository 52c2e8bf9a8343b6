// Values of all metrics as a table, a page of rows at a time; below it what each metric is.

import { inert } from "../data/glyphs.ts";
import type { Metric, Values } from "../data/metrics.ts";
import { fixed } from "../format.ts";
import { Table, type Column } from "./Table.tsx";

interface Props<Row> {
  readonly label: string;
  readonly metrics: readonly Metric[];
  readonly names: readonly Column<Row>[]; // the columns before the metrics
  readonly rows: readonly Row[];
  readonly valuesOf: (row: Row) => Values;
}

export function MetricTable<Row>({ label, metrics, names, rows, valuesOf }: Props<Row>) {
  const columns = metrics.map((metric, i): Column<Row> => {
    const cell = (row: Row) => <MetricValue value={valuesOf(row)[i] ?? null} metric={metric} />;
    return { head: inert(metric.label), doc: inert(metric.doc), cell };
  });
  return <Table label={label} columns={[...names, ...columns]} rows={rows} size={100} />;
}

function MetricValue({ value, metric }: { value: number | null; metric: Metric }) {
  if (value === null) return <>–</>;
  return (
    <data class="num" value={String(value)} title={String(value)}>
      {fixed(value, metric.decimals)}
    </data>
  );
}

export function MetricDocs({ metrics }: { metrics: readonly Metric[] }) {
  return (
    <details>
      <summary>what is measured</summary>
      <dl class="docs">
        {metrics.map(({ label, doc }) => (
          <div>
            <dt>{inert(label)}</dt>
            <dd>{inert(doc)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
