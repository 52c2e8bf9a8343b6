import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { findings, launch, open, overflow } from "../support/browser.ts";
import { fixture } from "../support/fixtures.ts";
import { lookupTrace, rejectionTrace } from "../support/speculation.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const heading = (page: Page) => page.textContent("#step");
const drawn = (page: Page, index: number) =>
  page.locator(`.tokens [data-index="${index}"]`).evaluate((token) => {
    const style = getComputedStyle(token);
    return { line: style.borderBottomStyle, color: style.borderBottomColor, background: style.backgroundColor };
  });

test("from disk: opens at the first guess that was not kept, with what guessing was worth; no request, no error", async () => {
  const { page, requests, errors, close } = await open(browser, lookupTrace());
  assert.match((await heading(page))!, /^Token 4 of 11/);
  assert.equal(await page.locator(".step .segmented input:checked + span").first().textContent(), "guesses");
  assert.match((await page.textContent("h1"))!, / Guesses of prompt_lookup, verified by race\.$/);
  assert.equal(await page.locator(".figures dt").last().textContent(), "guesses kept");
  assert.equal(await page.locator(".figures dd.note").last().textContent(), "5 of 16; 5 evaluations saved");
  for (const view of ["rows", "columns", "numbers", "guesses"]) await page.locator(".step .segmented").getByText(view, { exact: true }).click();
  await page.locator(".step").getByText("show the numbers").click();
  assert.equal(await page.locator(".step table.numbers tbody tr").count(), 2);
  await page.locator(".step").getByText("copy numbers").click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^id\ttoken\tdrafter/);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("in the text every verdict has a colour and a line of its own, in light and dark", async () => {
  for (const scheme of ["light", "dark"] as const) {
    const looks = [];
    for (const [trace, indices] of [[lookupTrace(), [1, 3, 6]], [rejectionTrace(), [3]]] as const) {
      const { page, close } = await open(browser, trace, { scheme });
      for (const index of indices) looks.push(await drawn(page, index));
      const plain = await drawn(page, 0);
      assert.equal(plain.background, "rgba(0, 0, 0, 0)");
      await close();
    }
    assert.deepEqual(looks.map(({ line }) => line), ["solid", "dashed", "dotted", "double"]);
    assert.equal(new Set(looks.map(({ color }) => color)).size, 4);
    assert.equal(new Set(looks.map(({ background }) => background)).size, 4);
  }
});

test("the legend names the verdicts that occur; other colours are a click away", async () => {
  const { page, close } = await open(browser, lookupTrace());
  assert.deepEqual(await page.locator(".verdict-key").allTextContents(), ["guessed and kept", "in place of a guess", "behind all guesses"]);
  await page.locator(".text .segmented").getByText("entropy", { exact: true }).click();
  assert.equal(await page.locator(".verdict-key").count(), 0);
  assert.equal(await page.locator(".strip").getAttribute("data-color"), "entropy");
  await close();
});

test("a refused guess: q, p, chance and verdict, and the token in its place", async () => {
  const { page, close } = await open(browser, rejectionTrace());
  const rows = await page.$$eval(".guess-row:not(.head)", (all) =>
    all.map((row) => ({
      id: row.getAttribute("data-id"),
      sign: row.querySelector(".sign")!.textContent,
      values: [...row.querySelectorAll("data")].map((each) => Number((each as HTMLDataElement).value)),
      outcome: row.querySelector("small")!.textContent,
      bars: [...row.querySelectorAll(".bar")].map((bar) => bar.getBoundingClientRect().width / bar.parentElement!.getBoundingClientRect().width),
    })),
  );
  assert.deepEqual(rows.map(({ id, sign, outcome }) => [id, sign, outcome]), [
    ["3", "×", "not kept (chance 25.0 %)"],
    ["8", ">", "drawn in its place"],
  ]);
  assert.deepEqual(rows[0]!.values, [0.5, 0.125]);
  assert.ok(Math.abs(rows[0]!.bars[0]! - 0.5) < 0.02 && Math.abs(rows[0]!.bars[1]! - 0.125) < 0.02);
  await close();
});

test("a copied token: an arc from its source, and both places side by side", async () => {
  const { page, close } = await open(browser, lookupTrace(), { hash: "#token=14" });
  await page.waitForSelector(".arcs .arc.own");
  assert.match((await heading(page))!, /^Token 10 of 11/);
  const arc = page.locator(".arcs .arc.own");
  assert.deepEqual([await arc.getAttribute("data-from"), await arc.getAttribute("data-to")], ["5", "14"]);
  assert.equal(await page.locator('.concordance [data-position="5"] mark').textContent(), " mat");
  await page.locator('.concordance [data-position="5"] button').click();
  assert.match((await heading(page))!, /^Token 1 of 11/);
  assert.equal(await page.locator(".source").count(), 0);
  await close();
});

test("the arcs of the other tokens of the round are there too, within the line", async () => {
  const { page, close } = await open(browser, lookupTrace(), { hash: "#token=7" });
  await page.waitForSelector(".arcs .arc.own");
  assert.equal(await page.locator(".arcs .arc:not(.own)").count(), 1);
  assert.equal(await page.locator('.concordance [data-position="2"] th').textContent(), "prompt 3");
  await close();
});

test("rounds: bars over their tokens, guessed and kept; a click selects; a table has the numbers", async () => {
  const { page, close } = await open(browser, lookupTrace());
  const bars = (name: string) => page.$$eval(`.rounds svg .${name}`, (all) => all.map((each) => ["x", "width", "height"].map((key) => Math.round(10 * Number(each.getAttribute(key))) / 10)));
  assert.deepEqual(await bars("guessed"), [[1.1, 2.9, 14.4], [4.1, 2.9, 9.6], [7.1, 0.9, 48], [9.1, 1.9, 4.8]]);
  assert.deepEqual((await bars("kept")).map(([, , height]) => height), [9.6, 9.6, 0, 4.8]);
  assert.equal(await page.textContent(".here-round"), "round 2: prompt_lookup guessed 3, 2 kept, 3 tokens");
  const plot = await page.locator(".rounds .ribbon-plot").evaluate((element) => element.getBoundingClientRect().toJSON() as DOMRect);
  await page.mouse.click(plot.left + (7.5 / 11) * plot.width, plot.top + 20);
  assert.match((await heading(page))!, /^Token 8 of 11/);
  await page.locator(".text").getByText("show the numbers").click();
  assert.equal(await page.locator('[aria-label^="All rounds"] tbody tr').count(), 6);
  await close();
});

test("a token that nobody guessed has the rows of its candidates", async () => {
  const { page, close } = await open(browser, lookupTrace(), { hash: "#token=5" });
  assert.equal(await page.locator(".butterfly .rows").count(), 1);
  assert.equal(await page.locator(".guesses").count(), 0);
  await close();
});

test("other runs have none of it", async () => {
  const { page, close } = await open(browser, fixture("two_runs"));
  assert.equal(await page.locator(".rounds, .guesses, .verdict-key").count(), 0);
  assert.equal(await page.getByText("guesses", { exact: true }).count(), 0);
  await close();
});

test("the engine's runs: both tabs", async () => {
  const { page, requests, errors, close } = await open(browser, fixture("speculation"));
  assert.equal(await page.locator(".rounds").count(), 1);
  await page.getByRole("button", { name: "draft model" }).click();
  assert.ok((await page.locator(".g-resampled").count()) > 0);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe, ${scheme}: every verdict, and a narrow page`, async () => {
    for (const [trace, at] of [[lookupTrace(), "14"], [lookupTrace(), "8"], [rejectionTrace(), "8"], [lookupTrace(), "11"]] as const) {
      const { page, close } = await open(browser, trace, { scheme, hash: `#token=${at}` });
      await page.locator(".text").getByText("show the numbers").click();
      assert.deepEqual(await findings(page), [], `token ${at}`);
      await close();
    }
    const narrow = await open(browser, rejectionTrace(), { scheme, width: 320 });
    assert.ok((await overflow(narrow.page)) <= 0);
    assert.deepEqual(await findings(narrow.page), []);
    await narrow.close();
  });
}
