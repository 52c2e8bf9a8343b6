// Reads the data that the page carries and shows them, each kind in its own page.

import { effect, type ReadonlySignal } from "@preact/signals";
import { render, type VNode } from "preact";
import { ComparisonState } from "./compare/state.ts";
import { readComparison } from "./data/comparison.ts";
import { inert } from "./data/glyphs.ts";
import { kindOf } from "./data/kind.ts";
import { readSweep, type Sweep } from "./data/sweep.ts";
import { Trace } from "./data/trace.ts";
import { ServeState } from "./serve/state.ts";
import { asData, listen } from "./dropped.ts";
import { State } from "./state.ts";
import { namedAxes } from "./sweep/grid.ts";
import { SweepState } from "./sweep/state.ts";
import { App } from "./ui/App.tsx";
import { ComparisonPage } from "./ui/compare/ComparisonPage.tsx";
import { ServePage } from "./ui/serve/ServePage.tsx";
import { SweepPage } from "./ui/sweep/SweepPage.tsx";
import { views } from "./ui/views.ts";

interface Shown {
  readonly page: VNode;
  readonly title: () => string; // of the tab: what tells it from others
  readonly link: ReadonlySignal<string>; // to what is looked at
  readonly go: (hash: string) => void; // where a link points
}

function show(data: string, hash: string): Shown | null {
  switch (kindOf(data)) {
    case "comparison":
      return showComparison(data, hash);
    case "sweep": {
      const state = new SweepState(readSweep(data), hash);
      return { page: <SweepPage state={state} />, title: () => titleOf(state.sweep), link: state.link, go: (hash) => state.go(hash) };
    }
    case "serve": {
      const state = new ServeState(hash);
      const title = () => ["decant", inert(state.prompt.value.trim()).slice(0, 60)].filter((part) => part !== "").join(": ");
      return { page: <ServePage state={state} />, title, link: state.link, go: (hash) => state.go(hash) };
    }
    case "trace": {
      const trace = new Trace(data);
      if (trace.runs.length === 0) return null;
      const title = `${trace.runs.map(({ header }) => header.strategy).filter((name, i, all) => all.indexOf(name) === i).join(", ") || "trace"}: ${inert(trace.runs[0]!.header.promptText).slice(0, 60)}`;
      const state = new State(trace, views.map(({ id }) => id), hash);
      return { page: <App state={state} />, title: () => title, link: state.link, go: (hash) => state.go(hash) };
    }
  }
}

function showComparison(data: string, hash: string): Shown {
  const comparison = readComparison(data);
  const title = `compared: ${comparison.settings.map(({ label }) => inert(label)).join(", ").slice(0, 80)}`;
  const state = new ComparisonState(comparison, hash);
  return { page: <ComparisonPage state={state} />, title: () => title, link: state.link, go: (to) => state.go(to) };
}

function titleOf({ axes, file }: Sweep): string {
  const names = namedAxes(axes).map((axis) => inert(axes[axis]!.name)).join(", ");
  return `sweep of ${names}: ${inert(file)}`;
}

const root = document.getElementById("page")!;
const own = document.getElementById("data")?.textContent ?? "";
let shown: Shown | null = null;
let stop = () => {};

// Shows what the page carries, or what was dropped on it.
function open(data: string, dropped: boolean): void {
  const next = show(data, dropped ? "" : location.hash);
  if (next === null) {
    const told = "no trace, comparison, sweep, or log-probabilities";
    if (dropped) document.title = `decant: ${told} in that file`;
    else root.textContent = "This page carries no trace. Make one with decant run --html FILE, or with decant report; or drop one here.";
    return;
  }
  stop();
  shown = next;
  stop = effect(() => {
    const link = next.link.value;
    document.title = next.title();
    try {
      if (!dropped) history.replaceState(null, "", link);
    } catch {
      // a frame without an address of its own, as in a notebook
    }
  });
  root.textContent = "";
  render(null, root);
  render(dropped ? <Dropped page={next.page} /> : next.page, root);
}

function Dropped({ page }: { page: VNode }) {
  return (
    <>
      <p class="back">
        <button type="button" onClick={() => open(own, false)}>
          Back to the page
        </button>
      </p>
      {page}
    </>
  );
}

open(own, false);
addEventListener("hashchange", () => shown?.go(location.hash));
listen((data) => open(data, true));
addEventListener("decant-file", (event) => open(asData(String((event as CustomEvent).detail)), true));
