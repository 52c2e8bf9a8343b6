// Screenshots of strip and chart at three widths in light and dark. Fonts differ from machine to machine, so they are
// for people to look at (SCREENSHOTS=1 writes them to tests/screenshots); what can be measured is checked.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { fixture, web } from "../support/fixtures.ts";
import { launch, open } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const wanted = process.env.SCREENSHOTS !== undefined;
const folder = join(web, "tests/screenshots");
const looks = [390, 820, 1440].flatMap((width) => (["light", "dark"] as const).map((scheme) => ({ width, scheme })));
const changed = "#run=1&token=7&temperature=0.7&top_k=30&top_p=0.9&min_p=0&typical_p=1";

async function picture(page: Page, name: string): Promise<Buffer> {
  if (wanted) mkdirSync(folder, { recursive: true });
  return page.screenshot({ fullPage: true, ...(wanted ? { path: join(folder, `${name}.png`) } : {}) });
}

// Bars are as long as their numbers say, and share one baseline.
async function checkBars(page: Page): Promise<void> {
  const bars = await page.$$eval(".butterfly .rows > .row:not(.grid)", (rows) =>
    rows.map((row) => ({
      p: Number(row.querySelector(".values > data")!.getAttribute("value")),
      width: row.querySelector(".right .bar:not(.other)")!.getBoundingClientRect().width,
      left: row.querySelector(".right .bar:not(.other)")!.getBoundingClientRect().left,
    })),
  );
  const unit = bars[0]!.width / bars[0]!.p;
  for (const { p, width, left } of bars) {
    assert.ok(Math.abs(width - p * unit) < 0.51, `${p} is ${width} pixels wide`);
    assert.ok(Math.abs(left - bars[0]!.left) < 0.51);
  }
}

for (const { width, scheme } of looks) {
  test(`${width} pixels, ${scheme}`, async () => {
    const rows = await open(browser, fixture("two_runs"), { width, scheme });
    await checkBars(rows.page);
    await picture(rows.page, `rows-${width}-${scheme}`);
    await rows.page.getByText("columns", { exact: true }).click();
    await picture(rows.page, `columns-${width}-${scheme}`);
    await rows.close();
    const what = await open(browser, fixture("two_runs"), { width, scheme, hash: changed });
    await picture(what.page, `changed-${width}-${scheme}`);
    await what.close();
  });
}

test("light and dark differ, and the page follows the scheme", async () => {
  const surfaces = [];
  for (const scheme of ["light", "dark"] as const) {
    const { page, close } = await open(browser, fixture("answers"), { scheme });
    surfaces.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
    await close();
  }
  assert.deepEqual(surfaces, ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]);
});

test("a printed page shows text, chart and numbers, and no controls", async () => {
  const { page, close } = await open(browser, fixture("two_runs"));
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".butterfly").isVisible(), true);
  assert.equal(await page.locator(".slider").first().isVisible(), false);
  assert.equal(await page.locator(".toolbar").first().isVisible(), false);
  if (wanted) await page.pdf({ path: join(folder, "print.pdf") });
  await close();
});
