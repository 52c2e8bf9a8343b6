// The map: the beginnings of all texts behind a prompt, the likeliest looked into first. What a beginning holds is exact,
// the product of its tokens' probabilities: every text that begins so is in it, and no other.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { list, number, object, type Json } from "../data/json.ts";
import { parseLine } from "../data/kind.ts";
import { readToken, type Token } from "../data/token.ts";
import { decode } from "./client.ts";

export interface Beginning {
  readonly token: Token | null; // null: the prompt
  readonly parent: Beginning | null;
  readonly mass: number; // of all texts
  readonly ends: boolean; // here the text is over
  readonly depth: number;
  children: readonly Beginning[] | null; // null: not looked into; the likeliest first, as far as they are listed
}

interface Asking {
  readonly model: { readonly value: string };
  readonly key: { readonly value: string };
  body(settings: readonly []): Json;
}

const listed = 40; // continuations of each that are told apart
const together = 3; // requests at a time
const deepest = 24; // tokens

export class MapState {
  readonly root = signal<Beginning | null>(null);
  readonly looked = signal(0); // beginnings that were looked into
  readonly running = signal(false);
  readonly error = signal("");
  promptIds: readonly number[] = [];
  #ends: ReadonlySet<number> = new Set();
  #controller = new AbortController();

  // What is told apart: beginnings that were not looked into, and texts that ended.
  readonly leaves: ReadonlySignal<readonly Beginning[]> = computed(() => {
    void this.looked.value;
    return this.root.value === null ? [] : leavesOf(this.root.value).sort((a, b) => b.mass - a.mass);
  });

  constructor(readonly asking: Asking) {}

  stop(): void {
    this.#controller.abort();
    this.running.value = false;
  }

  // Looks into `count` beginnings more, from the prompt on where there is no map yet or another prompt.
  async draw(count: number, again: boolean): Promise<void> {
    this.stop();
    const controller = (this.#controller = new AbortController());
    this.running.value = true;
    this.error.value = "";
    try {
      if (again || this.root.value === null) {
        this.looked.value = 0;
        const root: Beginning = { token: null, parent: null, mass: 1, ends: false, depth: 0, children: null };
        await this.#look(root, controller.signal);
        this.root.value = root;
        this.looked.value = 1;
      }
      for (let left = count; left > 0 && !controller.signal.aborted; left -= together) {
        const next = this.leaves.value.filter(({ ends, depth }) => !ends && depth < deepest).slice(0, Math.min(left, together));
        if (next.length === 0) break;
        await Promise.all(next.map((each) => this.#look(each, controller.signal)));
        this.looked.value += next.length;
      }
    } catch (error) {
      if (!controller.signal.aborted) this.error.value = error instanceof Error ? error.message : String(error);
    } finally {
      if (this.#controller === controller) this.running.value = false;
    }
  }

  async #look(at: Beginning, signal: AbortSignal): Promise<void> {
    const { messages, prompt, model } = this.asking.body([]);
    const question = at.parent === null ? (messages === undefined ? { prompt } : { messages }) : { prompt: [...this.promptIds, ...idsOf(at)] };
    const body = { model, ...question, max_tokens: 1, trace_top: listed };
    for await (const { name, data } of decode(body, this.asking.key.value, signal)) {
      if (name === "error") throw new Error(String(object(object(parseLine(data)).error).message));
      const record = object(parseLine(data));
      if (record.run !== undefined) this.#header(object(record.run));
      if (record.top !== undefined) at.children = this.#children(at, record);
    }
  }

  #header({ prompt_ids, options }: Json): void {
    if (this.root.value !== null && this.promptIds.length > 0 && this.looked.value > 0) return;
    if (Array.isArray(prompt_ids)) this.promptIds = prompt_ids.filter((id) => typeof id === "number");
    const { eos_token_id } = object(options);
    this.#ends = new Set(Array.isArray(eos_token_id) ? eos_token_id : []);
  }

  #children(parent: Beginning, record: Json): Beginning[] {
    const logsumexp = number(record.logsumexp, NaN);
    return list(record.top)
      .map((each): Beginning => {
        const token = readToken(each);
        const mass = parent.mass * Math.exp(number(each.logit, -Infinity) - logsumexp);
        return { token, parent, mass, ends: this.#ends.has(token.id) || token.bytes === "", depth: parent.depth + 1, children: null };
      })
      .sort((a, b) => b.mass - a.mass);
  }
}

export function idsOf(at: Beginning): number[] {
  return at.parent === null ? [] : [...idsOf(at.parent), at.token!.id];
}

export function textOf(at: Beginning): string {
  return at.parent === null ? "" : textOf(at.parent) + at.token!.text;
}

export function leavesOf(at: Beginning): Beginning[] {
  return at.children === null ? [at] : at.children.flatMap(leavesOf);
}
