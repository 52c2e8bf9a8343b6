// A table of numbers in a frame that scrolls; a long one a page of rows at a time. What a column shows is a row of its own.

import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { Num, type Unit } from "./Num.tsx";

export interface Column<Row> {
  readonly head: ComponentChildren;
  readonly cell: (row: Row, place: number) => ComponentChildren;
  readonly kind?: string | ((row: Row) => string); // class of the cells: "words" are set to the left, "num" as numbers
  readonly names?: boolean; // the row
  readonly doc?: string;
}

interface Props<Row> {
  readonly label: string; // of the frame
  readonly caption?: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowClass?: (row: Row, place: number) => string;
  readonly rowId?: (row: Row) => number;
  readonly size?: number; // rows of a page; all in one if not given
  readonly at?: number; // a row of the page that is shown first
}

export function Table<Row>({ label, caption, columns, rows, rowClass, rowId, size = Infinity, at = 0 }: Props<Row>) {
  const page = useSignal(Math.floor(at / size) || 0);
  const first = rows.length > size ? Math.min(page.value, Math.floor((rows.length - 1) / size)) * size : 0;
  const last = Math.min(first + size, rows.length);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${label}, may scroll`}>
      <table class="numbers">
        {caption !== undefined && <caption class="unseen">{caption}</caption>}
        <thead>
          <tr>
            {columns.map(({ head, kind, doc }) => (
              <th scope="col" title={doc} class={typeof kind === "string" && kind.includes("words") ? "words" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(first, last).map((row, i) => (
            <tr class={rowClass?.(row, first + i)} data-id={rowId?.(row)}>
              {columns.map((column) => cellOf(column, row, first + i))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > size && <Pages first={first} last={last} all={rows.length} onTurn={(by) => (page.value = first / size + by)} />}
    </div>
  );
}

function cellOf<Row>({ cell, kind, names }: Column<Row>, row: Row, place: number) {
  const classes = typeof kind === "function" ? kind(row) : kind;
  const content = cell(row, place);
  return names ? (
    <th scope="row" class={classes}>
      {content}
    </th>
  ) : (
    <td class={classes}>{content}</td>
  );
}

function Pages({ first, last, all, onTurn }: { first: number; last: number; all: number; onTurn: (by: 1 | -1) => void }) {
  return (
    <p class="more">
      <button disabled={first === 0} onClick={() => onTurn(-1)}>
        before
      </button>
      <span>
        {first + 1} to {last} of {all}
      </span>
      <button disabled={last === all} onClick={() => onTurn(1)}>
        after
      </button>
    </p>
  );
}

// A column of numbers; null: there is none.
export function numbers<Row>(head: ComponentChildren, unit: Unit, value: (row: Row) => number | null, kind?: string): Column<Row> {
  const cell = (row: Row) => {
    const number = value(row);
    return number === null ? "–" : <Num value={number} unit={unit} />;
  };
  return { head, cell, ...(kind === undefined ? {} : { kind }) };
}
