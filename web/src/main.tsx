// Reads the data that the page carries and shows them, each kind in its own page.

import { effect, type ReadonlySignal } from "@preact/signals";
import { computed } from "@preact/signals";
import { render, type VNode } from "preact";
import { readComparison } from "./data/comparison.ts";
import { kindOf } from "./data/kind.ts";
import { readSweep } from "./data/sweep.ts";
import { Trace } from "./data/trace.ts";
import { ServeState } from "./serve/state.ts";
import { State } from "./state.ts";
import { SweepState } from "./sweep/state.ts";
import { App } from "./ui/App.tsx";
import { againstOf, ComparisonPage } from "./ui/compare/ComparisonPage.tsx";
import { ServePage } from "./ui/serve/ServePage.tsx";
import { SweepPage } from "./ui/sweep/SweepPage.tsx";
import { views } from "./ui/views.ts";

interface Shown {
  readonly page: VNode;
  readonly link: ReadonlySignal<string>; // to what is looked at
  readonly go: (hash: string) => void; // where a link points
}

function show(data: string): Shown | null {
  switch (kindOf(data)) {
    case "comparison":
      return showComparison(data);
    case "sweep": {
      const state = new SweepState(readSweep(data), location.hash);
      return { page: <SweepPage state={state} />, link: state.link, go: (hash) => state.go(hash) };
    }
    case "serve": {
      const state = new ServeState(location.hash);
      document.title = "decant";
      return { page: <ServePage state={state} />, link: state.link, go: (hash) => state.go(hash) };
    }
    case "trace": {
      const trace = new Trace(data);
      if (trace.runs.length === 0) return null;
      const state = new State(trace, views.map(({ id }) => id), location.hash);
      return { page: <App state={state} />, link: state.link, go: (hash) => state.go(hash) };
    }
  }
}

function showComparison(data: string): Shown {
  const comparison = readComparison(data);
  const against = againstOf(comparison, location.hash);
  const link = computed(() => (against.value === "all" ? "#" : `#against=${against.value}`));
  return { page: <ComparisonPage comparison={comparison} against={against} />, link, go: (hash) => (against.value = againstOf(comparison, hash).value) };
}

const root = document.getElementById("page")!;
const shown = show(document.getElementById("data")?.textContent ?? "");

if (shown === null) {
  root.textContent = "This page carries no trace. Make one with decant run --html FILE, or with decant report.";
} else {
  addEventListener("hashchange", () => shown.go(location.hash));
  effect(() => {
    const link = shown.link.value;
    try {
      history.replaceState(null, "", link);
    } catch {
      // a frame without an address of its own, as in a notebook
    }
  });
  root.textContent = "";
  render(shown.page, root);
}
