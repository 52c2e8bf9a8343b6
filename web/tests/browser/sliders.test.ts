import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { knobs, type Settings } from "../../src/sampling/settings.ts";
import { fixture } from "../support/fixtures.ts";
import { launch, numbers, open, set } from "../support/browser.ts";
import { logitsOf, probabilities, traceOf } from "../support/vocabulary.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const settings: Settings[] = [
  { temperature: 0.5, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 },
  { temperature: 1.9, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 },
  { temperature: 1, top_k: 7, top_p: 1, min_p: 0, typical_p: 1 },
  { temperature: 0.8, top_k: 40, top_p: 0.83, min_p: 0, typical_p: 1 },
  { temperature: 0.9, top_k: 0, top_p: 0.7, min_p: 0.03, typical_p: 1 },
  { temperature: 0.6, top_k: 0, top_p: 1, min_p: 0, typical_p: 0.4 },
  { temperature: 1.3, top_k: 30, top_p: 0.95, min_p: 0.02, typical_p: 0.7 },
];

test("the sliders' probabilities are those of the definition over all 2,000 tokens, to 1e-6", async () => {
  const logits = logitsOf(5);
  const { page, close } = await open(browser, traceOf(logits), { hash: "#token=2&view=numbers" });
  for (const each of settings) {
    for (const { name } of knobs) await set(page, name, each[name]);
    const shown = await numbers(page);
    const expected = probabilities(logits, each);
    assert.equal(shown.size, 50);
    for (const [id, p] of shown) assert.ok(Math.abs(p - expected[id]!) < 1e-6, `${JSON.stringify(each)}: token ${id}: ${p}`);
    assert.deepEqual(await numbers(page, "p-other"), new Map([...shown].map(([id]) => [id, probabilities(logits, { ...each, temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 })[id]!])));
  }
  await page.getByRole("button", { name: "as recorded" }).click();
  assert.equal(await page.locator(".p-other").count(), 0);
  await close();
});

test("from the engine's record of one setting to its record of the others, to 1e-6", async () => {
  const { page, close } = await open(browser, fixture("settings"), { hash: "#run=0&view=numbers" });
  const runs = await page.$$eval("nav[aria-label=Runs] button", (all) => all.map((each) => each.textContent!));
  const value = (label: string, option: string, otherwise: number) => Number(label.match(new RegExp(`--${option} (\\S+)`))?.[1] ?? otherwise);
  for (const label of runs.filter((each) => !each.includes("penalty"))) {
    await page.getByText(label, { exact: true }).first().click();
    const expected = await numbers(page);
    await page.getByText(runs[0]!, { exact: true }).first().click();
    await set(page, "temperature", value(label, "temperature", 1));
    await set(page, "top_k", value(label, "top-k", 50));
    await set(page, "top_p", value(label, "top-p", 1));
    await set(page, "min_p", value(label, "min-p", 0));
    await set(page, "typical_p", value(label, "typical-p", 1));
    const shown = await numbers(page);
    let compared = 0;
    for (const [id, p] of expected) {
      if (!shown.has(id)) continue;
      ++compared;
      assert.ok(Math.abs(p - shown.get(id)!) < 1e-6, `${label}: token ${id}: ${shown.get(id)} instead of ${p}`);
    }
    assert.ok(compared > 40);
  }
  await close();
});

test("the range and its field move together; what cannot be known is said", async () => {
  const { page, close } = await open(browser, traceOf(logitsOf(5)), { hash: "#view=numbers" });
  const before = await numbers(page);
  await page.locator("#range-temperature").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByLabel("temperature, exact").inputValue(), "1.05");
  await set(page, "temperature", 1);
  await set(page, "top_k", 400);
  assert.match((await page.textContent(".sliders [role=status]"))!, /Not known: top_k 400/);
  assert.deepEqual(await numbers(page), before);
  await set(page, "top_k", 3);
  assert.match((await page.textContent(".sliders [role=status]"))!, /Recomputed from the scores/);
  assert.equal([...(await numbers(page)).values()].filter((p) => p > 0).length, 3);
  await close();
});
