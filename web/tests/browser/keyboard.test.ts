import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { fixture } from "../support/fixtures.ts";
import { launch, open } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const heading = async (page: Page) => (await page.textContent("#step"))!;
const focused = (page: Page) =>
  page.evaluate(() => {
    const active = document.activeElement!;
    return active.getAttribute("data-index") ?? (active.id || active.getAttribute("aria-label") || active.textContent);
  });

async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let i = 0; i < 60; ++i) {
    await page.keyboard.press("Tab");
    if ((await focused(page))?.startsWith(wanted)) return;
  }
  assert.fail(`no way to ${wanted} with the tabulator`);
}

test("the whole page without a pointer", async () => {
  const { page, errors, close } = await open(browser, fixture("two_runs"), { hash: "#token=5" });
  await tabTo(page, "2");
  const press = async (key: string) => {
    await page.keyboard.press(key);
    return heading(page);
  };
  assert.match(await press("ArrowRight"), /^Token 4 of 25/);
  assert.equal(await focused(page), "3", "the focus goes along");
  assert.match(await press("ArrowLeft"), /^Token 3/);
  assert.match(await press("End"), /^Token 25/);
  assert.match(await press("ArrowRight"), /^Token 25/);
  assert.match(await press("Home"), /^Token 1 /);
  const below = await press("ArrowDown");
  assert.doesNotMatch(below, /^Token 1 /, "the line below");
  assert.match(await press("ArrowUp"), /^Token [1-3] /, "and back");
  assert.equal(await page.locator(".tokens [tabindex='0']").count(), 1, "one stop for the tabulator");

  await page.keyboard.press("/");
  await page.keyboard.type("aurora");
  assert.match(await press("Enter"), /Aurora/);
  await page.keyboard.press("Shift+Tab");
  await tabTo(page, "previous token");
  await page.keyboard.press("Escape");
  assert.match(await heading(page), new RegExp(`^Token ${Number(await focused(page)) + 1} `), "back in the text");

  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "step", "into the step");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector(".columns svg");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("table.numbers").count(), 1);
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".butterfly").count(), 1);

  await tabTo(page, "show 26 more");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".butterfly .rows > .row:not(.grid)").count(), 50);

  await tabTo(page, "range-top_p");
  for (let i = 0; i < 5; ++i) await page.keyboard.press("ArrowLeft");
  assert.match((await page.textContent(".wings"))!, /as recorded.*with your settings/s);
  await page.keyboard.press("Shift+Tab");
  for (let i = 0; i < 5; ++i) await page.keyboard.press("Shift+Tab");
  await tabTo(page, "as recorded");
  await page.keyboard.press("Space");
  assert.equal(await page.locator(".wings").count(), 0);
  assert.deepEqual(errors, []);
  await close();
});

test("the selection is announced once it rests", async () => {
  const { page, close } = await open(browser, fixture("two_runs"));
  await page.locator('[data-index="0"]').click();
  for (let i = 0; i < 4; ++i) await page.keyboard.press("ArrowRight");
  const live = page.locator(".step .unseen[aria-live=polite]");
  const before = await live.textContent();
  await page.waitForTimeout(1200);
  assert.notEqual(await live.textContent(), before);
  assert.equal(await live.textContent(), await page.textContent(".summary"));
  await close();
});
