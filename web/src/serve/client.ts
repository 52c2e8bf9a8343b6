// What the page asks of the server that it came from.

import { list, object, optional, text, type Json } from "../data/json.ts";

export interface Field {
  readonly name: string;
  readonly type: string; // of JSON: number, integer, boolean, string or array
  readonly items: string; // of an array's elements
  readonly words: readonly string[]; // that a text may be; none: any
  readonly doc: string;
  readonly least: number | null;
  readonly most: number | null;
}

export interface ServerEvent {
  readonly name: string; // "message" where it has none
  readonly data: string;
}

// What the server says of a request that it refuses.
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function ask(path: string, key: string, body?: Json, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  if (key !== "") headers["Authorization"] = `Bearer ${key}`;
  const init: RequestInit = { method: body === undefined ? "GET" : "POST", headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal !== undefined) init.signal = signal;
  const response = await fetch(path, init);
  if (response.ok) return response;
  const error = object(object(await response.json().catch(() => null)).error);
  throw new Refused(text(error.message) || response.statusText, response.status);
}

export async function models(key: string): Promise<string[]> {
  const answer = object(await (await ask("v1/models", key)).json());
  return list(answer.data).map((each) => text(object(each).id));
}

export async function metrics(key: string): Promise<string> {
  return (await ask("metrics", key)).text();
}

// The options, as the server's own description of itself has them.
export async function fields(): Promise<Field[]> {
  const page = object(await (await ask("openapi.json", "")).json());
  const schema = object(object(object(page.components).schemas).DecodeRequest);
  const envelope = ["model", "prompt", "messages", "stream", "stream_options", "from"];
  const all = Object.entries(object(schema.properties)).filter(([name]) => !envelope.includes(name));
  return all.map(([name, value]) => {
    const row = object(value);
    const words = Array.isArray(row.enum) ? row.enum.map(text) : [];
    return { name, type: text(row.type), items: text(object(row.items).type), words, doc: text(row.description), least: optional(row.minimum), most: optional(row.maximum) };
  });
}

// The records of a text as they come.
export async function* decode(body: Json, key: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const response = await ask("v1/decode", key, body, signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    held += value;
    const events = held.split("\n\n");
    held = events.pop()!;
    for (const event of events) yield readEvent(event);
  }
}

export function readEvent(event: string): ServerEvent {
  const of = (name: string) =>
    event
      .split("\n")
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2));
  return { name: of("event")[0] ?? "message", data: of("data").join("\n") };
}

// What was typed, as the JSON that the option wants; what is none is left for the server to say so.
export function valueOf(typed: string, field: Field | undefined): unknown {
  const number = (each: string) => (each.trim() !== "" && Number.isFinite(Number(each)) ? Number(each) : each);
  if (field?.type === "boolean") return typed === "true" ? true : typed === "false" ? false : typed;
  if (field?.type === "number" || field?.type === "integer") return number(typed);
  if (field?.type !== "array") return typed;
  if (field.items !== "string") return typed.split(",").map(number);
  return [typed];
}
