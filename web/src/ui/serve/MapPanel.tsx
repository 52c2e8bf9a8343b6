// The map: boxes as high as what their beginnings hold of all texts, from left to right a token a column.

import { useSignal } from "@preact/signals";
import { inert, visible } from "../../data/glyphs.ts";
import { counted, percent } from "../../format.ts";
import { idsOf, textOf, type Beginning } from "../../serve/map.ts";
import type { ServeState } from "../../serve/state.ts";
import { Num } from "../Num.tsx";
import { numbers, Table, type Column } from "../Table.tsx";

const height = 420; // pixels
const column = 136;
const thinnest = 2; // pixels, that are drawn
const legible = 13;
const listed = 10;

interface Box {
  readonly at: Beginning | null; // null: all that is too unlikely to be drawn, of what stands left of it
  readonly mass: number;
  readonly depth: number;
  readonly top: number;
  readonly height: number;
}

function boxesOf(at: Beginning, top: number, found: Box[]): void {
  let y = top;
  for (const child of at.children ?? []) {
    const high = child.mass * height;
    if (high < thinnest) break; // the others are less likely
    found.push({ at: child, mass: child.mass, depth: child.depth, top: y, height: high });
    boxesOf(child, y, found);
    y += high;
  }
  const rest = top + at.mass * height - y;
  if (at.children !== null && rest >= legible) found.push({ at: null, mass: rest / height, depth: at.depth + 1, top: y, height: rest });
}

export function MapPanel({ state }: { state: ServeState }) {
  const { map } = state;
  const table = useSignal(true);
  const root = map.root.value;
  void map.looked.value;
  if (root === null && !map.running.value && map.error.value === "") return null;
  const boxes: Box[] = [];
  if (root !== null) boxesOf(root, 0, boxes);
  const depth = boxes.reduce((most, box) => Math.max(most, box.depth), 1);
  const leaves = map.leaves.value.slice(0, listed);
  const held = leaves.reduce((sum, { mass }) => sum + mass, 0);
  const write = (at: Beginning) => state.write(map.promptIds, idsOf(at), textOf(at));
  return (
    <section class="map" aria-labelledby="map">
      <div class="section-head">
        <h2 id="map">What may follow</h2>
        <span class="buttons">
          {map.running.value ? (
            <button type="button" onClick={() => map.stop()}>
              Stop
            </button>
          ) : (
            <button type="button" onClick={() => void map.draw(60, false)}>
              Look further
            </button>
          )}
          <button type="button" aria-expanded={table.value} onClick={() => (table.value = !table.value)}>
            {table.value ? "hide the numbers" : "show the numbers"}
          </button>
        </span>
      </div>
      {map.error.value !== "" && <p role="alert">{inert(map.error.value)}</p>}
      <p class="note" role="status">
        {counted(map.looked.value, "beginning")} {map.looked.value === 1 ? "was" : "were"} looked into, the likeliest first. The {leaves.length} likeliest texts told apart hold {percent(held)} of all that the model may
        write here: every text that begins so is in it, and no other. A box is as high as what it holds; a click writes a text that begins so.
      </p>
      <div class="map-frame" tabIndex={0} role="region" aria-label="Map, may scroll">
        <div class="map-canvas" style={{ width: `${depth * column}px`, height: `${height}px` }}>
          {boxes.map(({ at, mass, depth, top, height: high }) =>
            at === null ? (
              <span key={`others ${depth} ${top}`} class="map-box others" style={placeOf(depth, top, high)}>
                others <span class="num">{percent(mass)}</span>
              </span>
            ) : (
              <MapBox key={idsOf(at).join(".")} at={at} top={top} high={high} onPick={() => write(at)} />
            ),
          )}
        </div>
      </div>
      {table.value && <Leaves leaves={leaves} onPick={write} />}
    </section>
  );
}

function placeOf(depth: number, top: number, high: number) {
  return { left: `${(depth - 1) * column}px`, top: `${top}px`, width: `${column - 1}px`, height: `${Math.max(1, high - 1)}px` };
}

function MapBox({ at, top, high, onPick }: { at: Beginning; top: number; high: number; onPick: () => void }) {
  const words = `${textOf(at)}${at.ends ? " (the end)" : ""}`;
  const named = high >= legible;
  const place = placeOf(at.depth, top, high);
  const title = `${visible(words)}: ${percent(at.mass)}`;
  return named ? (
    <button type="button" class={`map-box${at.ends ? " ends" : ""}`} style={place} title={title} onClick={onPick}>
      <span>{at.ends ? "the end" : visible(at.token!.text)}</span> <span class="num">{percent(at.mass)}</span>
    </button>
  ) : (
    <i class={`map-box${at.ends ? " ends" : ""}`} style={place} title={title} onClick={onPick} />
  );
}

const columns = (onPick: (at: Beginning) => void): readonly Column<Beginning>[] => [
  {
    head: "text",
    names: true,
    kind: "words",
    cell: (at) => (
      <button type="button" class="link" onClick={() => onPick(at)}>
        {inert(textOf(at)) + (at.ends ? " (the end)" : " …")}
      </button>
    ),
  },
  { head: "holds", cell: (at) => <Num value={at.mass} unit="percent" /> },
  numbers("ln p", "nats", (at) => Math.log(at.mass)),
  { head: "tokens", kind: "num", cell: (at) => at.depth },
];

function Leaves({ leaves, onPick }: { leaves: readonly Beginning[]; onPick: (at: Beginning) => void }) {
  return <Table label="The likeliest beginnings" columns={columns(onPick)} rows={leaves} />;
}
