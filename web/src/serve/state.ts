// What was asked on the page of a server, and what came of it.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Json } from "../data/json.ts";
import type { Token } from "../data/token.ts";
import { fieldsOf } from "../link.ts";
import { Attempt } from "./attempt.ts";
import { readBranches, writeBranches, type BranchPoint } from "./branches.ts";
import { fields, models, Refused, valueOf, type Field } from "./client.ts";
import { MapState } from "./map.ts";
import { Meters } from "./meters.ts";
import { presets, type Preset, type Setting } from "./strategies.ts";

export class ServeState {
  readonly models = signal<readonly string[]>([]);
  readonly fields = signal<readonly Field[]>([]);
  readonly model = signal("");
  readonly prompt = signal("The old lighthouse keeper looked at");
  readonly chat = signal(false);
  readonly settings = signal<readonly Setting[]>([]);
  readonly length = signal("48");
  readonly key = signal("");
  readonly wantsKey = signal(false);
  readonly attempts = signal<readonly Attempt[]>([]);
  readonly chosen = signal<Attempt | null>(null);
  readonly meters = new Meters(() => this.key.value);
  readonly map = new MapState(this);
  readonly pending = signal<readonly BranchPoint[]>([]); // of the address, not written yet
  readonly hint = signal(""); // what to look at in an example

  readonly side = signal(false); // one text of each strategy
  readonly branches: ReadonlySignal<readonly BranchPoint[]> = computed(() => [
    ...this.attempts.value.flatMap(({ origin }) => (origin === null ? [] : [origin])),
    ...this.pending.value,
  ]);
  readonly link: ReadonlySignal<string> = computed(() => {
    const pairs = [["prompt", this.prompt.value], ["chat", String(this.chat.value)], ["max_tokens", this.length.value]];
    for (const { name, value } of this.settings.value) pairs.push([`o.${name}`, value]);
    if (this.side.value) pairs.push(["all", "true"]);
    if (this.branches.value.length > 0) pairs.push(["branches", writeBranches(this.branches.value)]);
    return "#" + pairs.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join("&");
  });

  constructor(hash: string) {
    this.go(hash);
    void this.connect();
  }

  go(hash: string): void {
    if (hash === this.link.peek()) return;
    const given = fieldsOf(hash);
    batch(() => {
      if (given.has("prompt")) this.prompt.value = given.get("prompt")!;
      if (given.has("chat")) this.chat.value = given.get("chat") === "true";
      if (given.has("max_tokens")) this.length.value = given.get("max_tokens")!;
      const own = [...given].filter(([name]) => name.startsWith("o."));
      if (given.has("prompt")) this.settings.value = own.map(([name, value]) => ({ name: name.slice(2), value }));
      this.side.value = given.get("all") === "true";
      this.pending.value = readBranches(given.get("branches") ?? "", this.side.value ? presets.length : 1);
      if (this.pending.value.length > 0) this.attempts.value = [];
    });
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

  set(name: string, value: string): void {
    const others = this.settings.value.filter((each) => each.name !== name);
    this.settings.value = value === "" ? others : [...others, { name, value }];
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
    this.side.value = false;
    this.#begin([new Attempt(said(this.settings.value), this.body(this.settings.value), null, "")]);
  }

  // One of each strategy, side by side.
  runAll(): void {
    this.side.value = true;
    this.#begin(presets.map(({ label, settings }) => new Attempt(label, this.body(settings), null, "")));
  }

  runExample({ settings, example }: Preset): void {
    batch(() => {
      this.prompt.value = example.prompt;
      this.chat.value = false;
      this.length.value = String(example.tokens);
      this.settings.value = settings;
      this.pending.value = [];
    });
    this.run();
    this.hint.value = example.look;
  }

  // Goes on with another token in the place of one that was written.
  branch(from: Attempt, at: number, token: Token): void {
    const parent = this.attempts.value.indexOf(from);
    const written = from.tokens.value.slice(0, at);
    const origin = { parent, at, id: token.id };
    const before = from.before + written.map(({ shown }) => shown).join("") + token.text;
    const ids = written.map((each) => each.token.id);
    const asPrompt = this.#withPrompt(from, [...ids, token.id]);
    const { prompt: _prompt, eos_token_id: _eos, ...rest } = asPrompt;
    const kept = from.id === "" ? null : { ...rest, from: { id: from.id, length: ids.length, tokens: [token.id] } };
    const label = `token ${at + 1}: “${token.text}”`; // whose token, the tree of branches shows
    this.#begin([new Attempt(label, kept ?? asPrompt, origin, before, kept && asPrompt)], true);
  }

  // A text that begins with these tokens behind the prompt (`promptIds`).
  write(promptIds: readonly number[], ids: readonly number[], text: string): void {
    const { messages: _messages, ...rest } = this.body(this.settings.value);
    const body = { ...rest, prompt: [...promptIds, ...ids] };
    this.#begin([new Attempt(`${said(this.settings.value)}, behind “${text}”`, body, null, text)]);
  }

  // The request of a text, with the whole of what stands before these ids as its prompt.
  #withPrompt(from: Attempt, ids: readonly number[]): Json {
    const { messages: _messages, prompt: _prompt, from: _from, ...rest } = from.body;
    const header = from.state.value?.current.value.header;
    const body: Record<string, unknown> = { ...rest, prompt: [...(header?.promptIds ?? []), ...ids] };
    const eos = header?.options.eos_token_id;
    if (Array.isArray(eos)) body.eos_token_id = eos;
    return body;
  }

  #begin(attempts: readonly Attempt[], keep = false): void {
    for (const each of this.attempts.value) if (!keep) each.stop();
    batch(() => {
      this.attempts.value = keep ? [...this.attempts.value, ...attempts] : attempts;
      this.chosen.value = attempts[0]!;
      this.hint.value = "";
    });
    this.meters.watch();
    for (const each of attempts) {
      each
        .run(this.key.value)
        .then(() => this.#goOn())
        .catch(() => (this.wantsKey.value = true));
    }
  }

  // The branches of the address whose text has been written.
  #goOn(): void {
    const [next, ...rest] = this.pending.value;
    const from = next && this.attempts.value[next.parent];
    if (!next || !from || from.running.value) return;
    this.pending.value = rest;
    const known = from.tokens.value[next.at]?.alternatives.find(({ id }) => id === next.id);
    if (next.at > from.tokens.value.length) return;
    this.branch(from, next.at, known ?? { id: next.id, bytes: "", text: "…", piece: "" });
  }
}

export function said(settings: readonly Setting[]): string {
  const given = settings.filter(({ name, value }) => name !== "" && value !== "");
  return given.length === 0 ? "greedy" : given.map(({ name, value }) => `${name} ${value}`).join(", ");
}
