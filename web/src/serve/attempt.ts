// A text that was asked for, from its first record to its report.

import { effect, signal } from "@preact/signals";
import { list, object, text, type Json } from "../data/json.ts";
import { parseLine } from "../data/kind.ts";
import { Trace } from "../data/trace.ts";
import { State } from "../state.ts";
import { views } from "../ui/views.ts";
import type { BranchPoint } from "./branches.ts";
import { decode, Refused, type ServerEvent } from "./client.ts";
import { Live, type LiveToken } from "./live.ts";

const drawEvery = 60; // milliseconds

let count = 0;

export class Attempt {
  readonly name = `text-${++count}`; // in the page
  readonly tokens = signal<readonly LiveToken[]>([]);
  readonly beams = signal<readonly string[]>([]); // of a search that is under way
  readonly text = signal(""); // of a search, once it has ended
  readonly error = signal("");
  readonly running = signal(true);
  readonly seconds = signal(0);
  readonly selected = signal<number | null>(null); // token
  readonly state = signal<State | null>(null); // once it has ended
  readonly #controller = new AbortController();
  #id = ""; // under which the server keeps the answer
  #drawn = 0;

  constructor(
    readonly label: string,
    readonly body: Json,
    readonly origin: BranchPoint | null, // null: it is nobody's branch
    readonly before: string, // what stands between the prompt and its own text
    readonly otherwise: Json | null = null, // what to ask where the server has forgotten what `body` goes on from
  ) {}

  get id(): string {
    return this.#id;
  }

  stop(): void {
    this.#controller.abort();
  }

  async run(key: string): Promise<void> {
    const lines: string[] = [];
    const live = new Live();
    const begin = performance.now();
    try {
      for await (const { name, data } of this.#events(key)) {
        this.seconds.value = (performance.now() - begin) / 1000;
        if (name === "error") this.error.value = text(object(object(parseLine(data)).error).message);
        else if (name === "end") this.#end(object(parseLine(data)));
        else {
          lines.push(data);
          live.take(object(parseLine(data)));
          this.#draw(live);
        }
      }
    } catch (error) {
      if (!this.#controller.signal.aborted) {
        this.error.value = error instanceof Error ? error.message : String(error);
        if (error instanceof Refused && error.status === 401) throw error;
      }
    } finally {
      this.#draw(live, true);
      const trace = new Trace(lines.join("\n"));
      if (trace.runs.length > 0) this.#report(new State(trace, views.map(({ id }) => id), ""));
      this.running.value = false;
    }
  }

  async *#events(key: string): AsyncGenerator<ServerEvent> {
    const { signal } = this.#controller;
    try {
      yield* decode(this.body, key, signal);
    } catch (error) {
      if (this.otherwise === null || !(error instanceof Refused) || error.status !== 404) throw error;
      yield* decode(this.otherwise, key, signal);
    }
  }

  // The token that is selected among those that came is the one that the report explains, and the other way round.
  select(index: number): void {
    this.selected.value = index;
    const report = this.state.value;
    if (report !== null && report.sequence.value === 0) report.select(index);
  }

  #report(report: State): void {
    if (this.selected.value !== null) report.select(this.selected.value);
    this.state.value = report;
    effect(() => {
      const index = report.index.value;
      if (report.sequence.value === 0 && this.selected.peek() !== null) this.selected.value = index;
    });
  }

  // Tokens come faster than a page need be drawn.
  #draw(live: Live, last = false): void {
    const now = performance.now();
    if (!last && now - this.#drawn < drawEvery) return;
    this.#drawn = now;
    if (live.tokens.length !== this.tokens.value.length) this.tokens.value = [...live.tokens];
    this.beams.value = live.beams;
  }

  #end(outcome: Json): void {
    this.#id = text(outcome.id);
    this.text.value = text(object(list(outcome.sequences)[0]).text);
  }
}
