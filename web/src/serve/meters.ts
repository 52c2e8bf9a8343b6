// What the server does at this moment, from its /metrics.

import { signal } from "@preact/signals";
import { metrics } from "./client.ts";

export interface Reading {
  readonly speed: number; // tokens a second, since the reading before
  readonly running: number;
  readonly waiting: number;
  readonly cells: number; // used, of all caches
  readonly room: number;
  readonly drafted: number;
  readonly kept: number; // of the guesses
  readonly texts: number; // kept for requests that begin alike
}

const every = 1000; // milliseconds
const history = 60; // readings
const idle = 5; // readings without a request, after which nobody asks any more

export class Meters {
  readonly now = signal<Reading | null>(null);
  readonly speeds = signal<readonly number[]>([]);
  #timer: ReturnType<typeof setInterval> | null = null;
  #last: { at: number; tokens: number } | null = null;
  #idle = 0;

  constructor(readonly key: () => string) {}

  // Until the server has been idle for a while.
  watch(): void {
    this.#idle = 0;
    if (this.#timer !== null) return;
    void this.#read();
    this.#timer = setInterval(() => void this.#read(), every);
  }

  async #read(): Promise<void> {
    try {
      const page = await metrics(this.key());
      this.#take(parse(page));
    } catch {
      this.#stop();
    }
  }

  #take(values: ReadonlyMap<string, number>): void {
    const of = (name: string) => values.get(name) ?? 0;
    const at = performance.now();
    const tokens = of("decant_new_tokens_total");
    const speed = this.#last === null ? 0 : (1000 * (tokens - this.#last.tokens)) / (at - this.#last.at);
    this.#last = { at, tokens };
    const running = of("decant_requests_running");
    const waiting = of("decant_requests_waiting");
    this.now.value = {
      speed,
      running,
      waiting,
      cells: of("decant_cells_used"),
      room: of("decant_cells"),
      drafted: of("decant_drafted_tokens_total"),
      kept: of("decant_drafts_kept_total"),
      texts: of("decant_texts_kept"),
    };
    this.speeds.value = [...this.speeds.value, speed].slice(-history);
    this.#idle = running + waiting > 0 ? 0 : this.#idle + 1;
    if (this.#idle >= idle) this.#stop();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#last = null;
  }
}

// Sums over labels, by name.
export function parse(page: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of page.split("\n")) {
    const match = /^(\w+)(?:\{.*\})? (\S+)$/.exec(line);
    if (match) found.set(match[1]!, (found.get(match[1]!) ?? 0) + (Number(match[2]) || 0));
  }
  return found;
}
