// Reads the trace that the page carries and shows it.

import { effect } from "@preact/signals";
import { render } from "preact";
import { Trace } from "./data/trace.ts";
import { State } from "./state.ts";
import { App } from "./ui/App.tsx";
import { views } from "./ui/views.ts";

const root = document.getElementById("page")!;
const trace = new Trace(document.getElementById("trace")?.textContent ?? "");

if (trace.runs.length === 0) {
  root.textContent = "This page carries no trace. Make one with decant run --html FILE, or with decant report.";
} else {
  const state = new State(trace, views.map(({ id }) => id), location.hash);
  addEventListener("hashchange", () => state.go(location.hash));
  effect(() => {
    const link = state.link.value;
    try {
      history.replaceState(null, "", link);
    } catch {
      // a frame without an address of its own, as in a notebook
    }
  });
  root.textContent = "";
  render(<App state={state} />, root);
}
