// JSON read tolerantly: what is not there, or something else, is as if it were empty.

export type Json = Readonly<Record<string, unknown>>;

export function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

export function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

export function optional(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
