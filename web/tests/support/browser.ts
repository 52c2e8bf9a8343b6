// A page with its data, opened from disk in Chromium. Every request is counted and refused.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { web } from "./fixtures.ts";

export { coveredLabels, cutWords, findings, oddWords, overflow } from "./faults.mjs";

const folder = mkdtempSync(join(tmpdir(), "decant-report-"));
const template = readFileSync(process.env.REPORT ?? join(web, "dist/report.html"), "utf8");
let pages = 0;

export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

// As decant writes it: nothing can end the element that carries the data.
const escapes: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029" };

export function reportOf(data: string): string {
  const path = join(folder, `report-${++pages}.html`);
  writeFileSync(path, template.replace("@DATA@", () => data.replace(/[<>&\u2028\u2029]/g, (character) => escapes[character]!)));
  return pathToFileURL(path).href;
}

export interface Opened {
  readonly page: Page;
  readonly requests: readonly string[]; // all that would have left the browser
  readonly errors: readonly string[]; // exceptions, console errors, dialogs
  readonly close: () => Promise<void>;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  readonly hash?: string;
  readonly ready?: string; // a selector of what is there once the page is
}

export async function open(browser: Browser, data: string, look: Look = {}): Promise<Opened> {
  const { width = 1280, height = 900, scheme = "light", hash = "", ready = '.tokens [aria-selected="true"]' } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const url = reportOf(data);
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("dialog", (dialog) => {
    errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await context.route(
    (to) => to.href.split("#")[0] !== url,
    (route) => {
      requests.push(route.request().url());
      return route.abort();
    },
  );
  await page.goto(url + hash);
  await page.waitForSelector(ready);
  return { page, requests, errors, close: () => context.close() };
}

// The candidates of the table of numbers: id -> probability with every digit.
export async function numbers(page: Page, column = "p"): Promise<Map<number, number>> {
  const rows = await page.$$eval(
    ".step table tr[data-id]",
    (found, name) =>
      found.map((row) => [row.getAttribute("data-id"), row.querySelector(`.${name} data`)?.getAttribute("value")] as const),
    column,
  );
  return new Map(rows.map(([id, value]) => [Number(id), value == null ? NaN : Number(value)]));
}

export async function set(page: Page, knob: string, value: number): Promise<void> {
  const field = page.getByLabel(`${knob}, exact`);
  await field.fill(String(value));
  await field.press("Enter");
}

// Every text of the page, titles and labels too.
export function allText(page: Page): Promise<string> {
  return page.evaluate(() =>
    [...document.querySelectorAll("#page, #page *")]
      .flatMap((each) => [...[...each.childNodes].filter((node) => node.nodeType === 3).map((node) => node.nodeValue), each.getAttribute("title"), each.getAttribute("aria-label")])
      .join("\u0020"),
  );
}
