// What was asked on the page of a server, and what came of it.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { fromHex } from "../data/bytes.ts";
import { list, number, object, text, type Json } from "../data/json.ts";
import { parseLine } from "../data/kind.ts";
import { Trace } from "../data/trace.ts";
import { State } from "../state.ts";
import { views } from "../ui/views.ts";
import { decode, fields, models, Refused, valueOf, type Field } from "./client.ts";

export interface Setting {
  readonly name: string;
  readonly value: string;
}

export interface Preset {
  readonly label: string;
  readonly settings: readonly Setting[];
}

const preset = (label: string, ...pairs: [string, string][]): Preset => ({
  label,
  settings: pairs.map(([name, value]) => ({ name, value })),
});

// One of each strategy, with values that are a good beginning.
export const presets: readonly Preset[] = [
  preset("greedy"),
  preset("sampling", ["temperature", "0.8"], ["top_p", "0.95"], ["seed", "1"]),
  preset("beam search", ["num_beams", "4"]),
  preset("diverse beams", ["num_beams", "4"], ["num_beam_groups", "2"], ["diversity_penalty", "1"]),
  preset("contrastive search", ["penalty_alpha", "0.6"], ["top_k", "4"]),
  preset("contrastive decoding", ["amateur", "self:15"]),
  preset("DoLa", ["dola_layers", "high"], ["repetition_penalty", "1.2"]),
  preset("speculative", ["speculate", "auto"]),
];

// A text that was asked for.
export class Attempt {
  readonly text = signal("");
  readonly tokens = signal(0);
  readonly error = signal("");
  readonly running = signal(true);
  readonly seconds = signal(0);
  readonly state = signal<State | null>(null); // once it has ended
  readonly #controller = new AbortController();

  constructor(
    readonly label: string,
    readonly body: Json,
    readonly before: string, // text that stands before its own: of the attempt that it branches from
  ) {}

  stop(): void {
    this.#controller.abort();
  }

  async run(key: string): Promise<void> {
    const lines: string[] = [];
    const decoder = new TextDecoder();
    const begin = performance.now();
    try {
      for await (const { name, data } of decode(this.body, key, this.#controller.signal)) {
        this.seconds.value = (performance.now() - begin) / 1000;
        if (name === "error") this.error.value = text(object(object(parseLine(data)).error).message);
        else if (name === "end") this.text.value = text(object(list(object(parseLine(data)).sequences)[0]).text) || this.text.value;
        else this.#take(data, lines, decoder);
      }
    } catch (error) {
      if (!this.#controller.signal.aborted) {
        this.error.value = error instanceof Error ? error.message : String(error);
        if (error instanceof Refused && error.status === 401) throw error;
      }
    } finally {
      this.running.value = false;
      const trace = new Trace(lines.join("\n"));
      if (trace.runs.length > 0) this.state.value = new State(trace, views.map(({ id }) => id), "");
    }
  }

  #take(line: string, lines: string[], decoder: TextDecoder): void {
    lines.push(line);
    const record = object(parseLine(line));
    if (record.token === undefined || number(record.seq, 0) !== 0) return;
    this.text.value += decoder.decode(fromHex(text(object(record.token).bytes)), { stream: true });
    this.tokens.value += 1;
  }
}

export class ServeState {
  readonly models = signal<readonly string[]>([]);
  readonly fields = signal<readonly Field[]>([]);
  readonly model = signal("");
  readonly prompt = signal("What is the capital of France?");
  readonly chat = signal(true);
  readonly settings = signal<readonly Setting[]>([]);
  readonly length = signal("64");
  readonly key = signal("");
  readonly wantsKey = signal(false);
  readonly attempts = signal<readonly Attempt[]>([]);
  readonly chosen = signal<Attempt | null>(null);

  readonly link: ReadonlySignal<string> = computed(() => {
    const pairs = [["prompt", this.prompt.value], ["chat", String(this.chat.value)], ["max_tokens", this.length.value]];
    for (const { name, value } of this.settings.value) pairs.push([`o.${name}`, value]);
    return "#" + pairs.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join("&");
  });

  constructor(hash: string) {
    this.go(hash);
    void this.connect();
  }

  go(hash: string): void {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    if (given.has("prompt")) this.prompt.value = given.get("prompt")!;
    if (given.has("chat")) this.chat.value = given.get("chat") === "true";
    if (given.has("max_tokens")) this.length.value = given.get("max_tokens")!;
    const own = [...given].filter(([name]) => name.startsWith("o."));
    if (own.length > 0) this.settings.value = own.map(([name, value]) => ({ name: name.slice(2), value }));
  }

  async connect(): Promise<void> {
    try {
      this.fields.value = await fields();
      this.models.value = await models(this.key.value);
      this.model.value ||= this.models.value[0] ?? "";
      this.wantsKey.value = false;
    } catch (error) {
      if (error instanceof Refused && error.status === 401) this.wantsKey.value = true;
    }
  }

  body(settings: readonly Setting[]): Json {
    const known = new Map(this.fields.value.map((field) => [field.name, field]));
    const body: Record<string, unknown> = { model: this.model.value };
    if (this.chat.value) body.messages = [{ role: "user", content: this.prompt.value }];
    else body.prompt = this.prompt.value;
    const all = [{ name: "max_tokens", value: this.length.value }, ...settings];
    for (const { name, value } of all) if (name !== "" && value !== "") body[name] = valueOf(value, known.get(name));
    return body;
  }

  run(): void {
    this.#begin([new Attempt(said(this.settings.value), this.body(this.settings.value), "")]);
  }

  // One of each strategy, side by side.
  runAll(): void {
    this.#begin(presets.map(({ label, settings }) => new Attempt(label, this.body(settings), "")));
  }

  // Goes on with another token in the place of one that was written.
  branch(from: Attempt, token: { id: number; text: string }): void {
    const state = from.state.value;
    if (state === null) return;
    const { header } = state.current.value;
    const written = state.steps.value.slice(0, state.index.value).map((step) => step.token);
    const { messages: _messages, ...rest } = from.body;
    const body: Record<string, unknown> = { ...rest, prompt: [...header.promptIds, ...written.map(({ id }) => id), token.id] };
    const eos = header.options.eos_token_id;
    if (Array.isArray(eos)) body.eos_token_id = eos;
    const before = from.before + written.map((each) => each.text).join("") + token.text;
    this.#begin([new Attempt(`${from.label}, from token ${state.index.value + 1}`, body, before)], true);
  }

  #begin(attempts: readonly Attempt[], keep = false): void {
    for (const each of this.attempts.value) if (!keep) each.stop();
    this.attempts.value = keep ? [...this.attempts.value, ...attempts] : attempts;
    this.chosen.value = attempts[0]!;
    for (const each of attempts) each.run(this.key.value).catch(() => (this.wantsKey.value = true));
  }
}

export function said(settings: readonly Setting[]): string {
  const given = settings.filter(({ name, value }) => name !== "" && value !== "");
  return given.length === 0 ? "greedy" : given.map(({ name, value }) => `${name} ${value}`).join(", ");
}
