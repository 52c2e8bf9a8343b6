import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { fixture } from "../support/fixtures.ts";
import { allText, findings, launch, open, overflow, type Look } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const json = JSON.parse(fixture("comparison"));
const compare = (look: Look = {}, data: object = json) => open(browser, JSON.stringify(data) + "\n", { ready: "article", ...look });
const texts = (page: Page) => page.$$eval("article", (all) => all.map((each) => each.querySelector(".passage")!.textContent));
const marks = (page: Page, look: string) => page.$$eval("article", (all, name) => all.map((each) => [...each.querySelectorAll(`.passage .${name}`)].map(({ textContent }) => textContent).join("")), look);

test("from disk: every text of every prompt, what is common, where they part, what repeats; no request, no error", async () => {
  const { page, requests, errors, close } = await compare();
  assert.equal(await page.textContent("h1"), "4 settings compared");
  const all = json.prompts.flatMap((prompt: { texts: { text?: string; error?: string }[] }) => prompt.texts);
  assert.deepEqual(await texts(page), all.map((each: { text?: string; error?: string }) => each.text ?? `failed: ${each.error}`));
  assert.deepEqual((await marks(page, "shared")).slice(0, 3), [",", ",", ","]);
  assert.deepEqual((await marks(page, "parts")).slice(0, 3), [" a.", " a and", " in"], "each time that one leaves another");
  assert.match((await marks(page, "repeated"))[5]!, /^ cat is a cat is a cat/);
  assert.deepEqual(await page.$$eval("h3", (heads) => heads.map((each) => each.textContent).slice(0, 4)), ["greedy", "beams", "sampled", "impossible"]);
  assert.deepEqual(await page.$$eval(".given", (given) => given.map((each) => each.textContent)), ["The lighthouse keeper", "A cat is a cat is a"]);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("the numbers: a table for each prompt and the means, every digit in the page, each metric explained", async () => {
  const { page, close } = await compare();
  const tables = await page.$$eval("main table", (all) => all.map((table) => [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent))));
  assert.deepEqual(tables.map((rows) => rows.length), [4, 4, 4]);
  const beams = json.prompts[1].texts[1].metrics;
  assert.deepEqual(tables[1]![1]!.slice(0, 4), ["beams", "40", beams.log_likelihood.toFixed(3).replace("-", "−"), beams.entropy.toFixed(2)]);
  assert.deepEqual(tables[0]![3]!.slice(0, 3), ["impossible", "–", "–"]);
  assert.equal(await page.locator("main table").nth(2).locator("tbody tr").nth(1).locator("data").nth(1).getAttribute("value"), String(json.settings[1].metrics.log_likelihood));
  await page.getByText("what is measured").click();
  assert.equal(await page.locator(".docs dd").count(), 12);
  await page.getByText("all settings").click();
  assert.deepEqual(await page.locator("header table tbody tr").first().locator("th, td").allTextContents().then((cells) => cells.length), 5);
  await close();
});

test("held against another one by the keyboard; the link opens the same", async () => {
  const { page, close } = await compare();
  await page.getByLabel("all others").focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await page.evaluate(() => location.hash), /against=0/);
  assert.deepEqual((await marks(page, "parts")).slice(0, 2), ["", " and"]);
  assert.match((await marks(page, "shared"))[1]!, /^, a seasoned sailor with a penchant for the sea$/);
  await close();
  const again = await compare({ hash: "#against=1" });
  assert.equal(await again.page.getByLabel("beams", { exact: true }).isChecked(), true);
  assert.deepEqual((await marks(again.page, "parts")).slice(0, 2), [".", ""]);
  await again.close();
  const lost = await compare({ hash: "#against=99" });
  assert.equal(await lost.page.getByLabel("all others").isChecked(), true);
  await lost.close();
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe, ${scheme}; nothing is wider than the page`, async () => {
    for (const width of [1280, 390]) {
      const { page, close } = await compare({ scheme, width });
      await page.getByText("what is measured").click();
      await page.getByText("all settings").click();
      assert.deepEqual(await findings(page), []);
      assert.ok((await overflow(page)) <= 0);
      const widths = await page.$$eval("tbody th", (heads) => heads.map((each) => each.getBoundingClientRect().width));
      assert.ok(Math.min(...widths) >= 64, "names of settings are not set one letter a line");
      await close();
    }
  });
}

test("hostile texts are shown and do nothing", async () => {
  const evil = ["</script><script>window.pwned=1</script>", '"><img src=x onerror="window.pwned=1">', " \u202egnirts\u202c", "\u001b[2J\u2028\u2029", "<!--", "x".repeat(20_000), "@DATA@ $& ${x}"];
  const label = '<b>\u202e"\u0007' + "y".repeat(200);
  const text = { text: evil.join(""), ids: evil.map((_, i) => i), pieces: evil, repeated: [[0, 2]], metrics: {}, time: {} };
  const hostile = {
    model: label,
    ngram: 2,
    metrics: [{ name: "tokens", label, doc: label, decimals: 1e9 }],
    settings: [1, 2, 3].map(() => ({ label, strategy: label, options: { amateur: label, [label]: [label], temperature: label }, amateur_alone: true, metrics: { tokens: 1 } })),
    prompts: [{ prompt: evil.join(""), common: { tokens: 1 }, texts: [text, { ...text, ids: [9] }, { error: evil.join("") }] }],
  };
  const { page, requests, errors, close } = await compare({ width: 390 }, hostile);
  await page.getByText("all settings").click();
  await page.getByText("what is measured").click();
  assert.equal(await page.evaluate(() => "pwned" in window), false);
  assert.deepEqual(await page.evaluate(() => [document.images.length, document.scripts.length]), [0, 2]);
  const shown = await allText(page);
  assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
  assert.match(shown, /<script>window\.pwned=1/);
  assert.ok((await overflow(page)) <= 0);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});
