// The permanent link: run, sequence, token (its position in the trace), view and changed settings, in the page's hash; and
// how every page writes its own.

import { knobs, type Settings } from "./sampling/settings.ts";

export interface Place {
  readonly run: number;
  readonly sequence: number;
  readonly t: number | null; // null: where the page would open
  readonly view: string | null;
  readonly settings: Settings | null; // null: as recorded
}

export function fieldsOf(hash: string): URLSearchParams {
  return new URLSearchParams(hash.replace(/^#/, ""));
}

// What differs from the page as it opens; false where nothing does.
export function hashOf(fields: readonly (string | false)[]): string {
  return "#" + fields.filter((field) => field !== false).join("&");
}

// A whole number below `end`; null: there is none.
export function placeIn(fields: URLSearchParams, name: string, end: number): number | null {
  const value = fields.get(name);
  return value !== null && /^\d+$/.test(value) && Number(value) < end ? Number(value) : null;
}

export function write(place: Place): string {
  const fields: [string, string | number][] = [
    ["run", place.run],
    ["seq", place.sequence],
  ];
  if (place.t !== null) fields.push(["token", place.t]);
  if (place.view !== null) fields.push(["view", place.view]);
  if (place.settings !== null) for (const { name } of knobs) fields.push([name, place.settings[name]]);
  return "#" + fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
}

export function read(hash: string): Place {
  const fields = fieldsOf(hash);
  const number = (name: string) => {
    const value = fields.get(name);
    return value === null || value === "" || !Number.isFinite(Number(value)) ? null : Number(value);
  };
  const set = knobs.map(({ name }) => [name, number(name)] as const);
  const settings = set.every(([, value]) => value !== null && value >= 0) ? Object.fromEntries(set) : null;
  return {
    run: number("run") ?? 0,
    sequence: number("seq") ?? 0,
    t: number("token"),
    view: fields.get("view"),
    settings: settings as Settings | null,
  };
}
