import assert from "node:assert/strict";
import { availableParallelism, loadavg } from "node:os";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { fixture } from "../support/fixtures.ts";
import { launch, reportOf } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

// The records of a real run, again and again, with so many candidates that each has 5 KB.
function largeTrace(tokens: number): string {
  const source = fixture("two_runs").split("\n").slice(0, 25).map((line) => JSON.parse(line));
  const header = `{"run":${JSON.stringify(source[0].run)},`;
  const bodies = source.map(({ run: _, top, ...rest }) =>
    JSON.stringify({ ...rest, top: top.slice(0, 34) }).slice(1).replace(/"t":\d+/, '"t":@T@'),
  );
  const line = (t: number) => bodies[t % bodies.length]!.replace("@T@", String(t + 4));
  return Array.from({ length: tokens }, (_, t) => (t === 0 ? header : "{") + line(t)).join("\n") + "\n";
}

interface Times {
  readonly shown: number; // ms from navigation
  readonly usable: number; // a token has been selected with the pointer
  readonly key: number; // ms an arrow key takes, median
  readonly work: number; // ms the page's thread has computed until it was usable
}

async function measure(url: string): Promise<Times> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto("about:blank");
  const began = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForSelector('.tokens [aria-selected="true"]');
  const shown = performance.now() - began;
  await page.locator('[data-index="12"]').click();
  await page.waitForFunction(() => document.querySelector("#step")?.textContent?.startsWith("Token 13 of 10000"));
  const usable = performance.now() - began;
  const { metrics } = await session.send("Performance.getMetrics");
  const work = 1000 * metrics.find(({ name }) => name === "ThreadTime")!.value;
  await page.waitForSelector('[data-index="9999"]', { state: "attached" });
  const key = await page.evaluate(async () => {
    const times: number[] = [];
    for (let i = 0; i < 20; ++i) {
      const start = performance.now();
      document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[10]!;
  });
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.activeElement?.getAttribute("data-index") === "9999");
  await context.close();
  return { shown, usable, key, work };
}

// The best of three: other work on the machine only adds. Where there is so much of it that waiting is most of the time,
// the page's own computing is what can be judged.
test("10,000 tokens: usable within 2 s", async () => {
  const trace = largeTrace(10_000);
  const url = reportOf(trace);
  const tries = [await measure(url), await measure(url), await measure(url)];
  const { shown, usable, key, work } = tries.reduce((a, b) => (a.usable < b.usable ? a : b));
  const busy = loadavg()[0]! > 2 * availableParallelism();
  const words =
    `shown after ${shown.toFixed(0)} ms, usable after ${usable.toFixed(0)} ms (${work.toFixed(0)} ms of computing), ` +
    `an arrow key takes ${key.toFixed(0)} ms${busy ? ", on a busy machine" : ""}`;
  console.log(`${(trace.length / 1e6).toFixed(0)} MB: ${words}`);
  assert.ok((busy ? work : usable) < 2000, words);
  assert.ok(key < (busy ? 400 : 100), words);
});
