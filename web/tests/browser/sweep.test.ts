import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { fixture } from "../support/fixtures.ts";
import { allText, findings, launch, open, overflow, type Look } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const sweep = (look: Look = {}, data = fixture("sweep")) => open(browser, data, { ready: "#texts", ...look });
const results = fixture("sweep").trim().split("\n").map((line) => JSON.parse(line)).filter(({ index }) => index !== undefined);

// What a plot's circles stand at, line by line.
function circles(page: Page, title: string): Promise<{ x: number; y: number; words: string }[][]> {
  return page.$$eval(
    ".plots svg",
    (all, name) =>
      [...all.find((each) => each.querySelector("title")!.textContent === name)!.querySelectorAll("g:has(> path)")].map((line) =>
        [...line.querySelectorAll("circle")].map((circle) => ({ x: Number(circle.getAttribute("cx")), y: Number(circle.getAttribute("cy")), words: circle.textContent! })),
      ),
    title,
  );
}

test("from disk: a plot for each metric, in words too; the numbers; no request, no error", async () => {
  const { page, requests, errors, close } = await sweep();
  assert.equal(await page.textContent("h1"), "Sweep of sweep.jsonl");
  assert.equal(await page.title(), "sweep of penalty_alpha, top_k, repetition_penalty: sweep.jsonl");
  assert.match((await page.textContent("header"))!, /smollm2-f3224 points; means over 2 prompts, in the plots also over the other options/);
  const plots = await page.$$eval(".plots svg[role=img]", (all) => all.map((each) => [each.children[0]!.tagName, each.children[1]!.tagName, each.querySelectorAll("path.line").length, each.querySelectorAll("circle").length]));
  assert.deepEqual(plots, Array(3).fill(["title", "desc", 2, 6]), "of what varies");
  assert.match((await page.textContent("section[aria-labelledby=plots] > .note"))!, /^The same everywhere: tokens 12, rep-2 0\.000, .*tokens a second 6\.0\.$/);
  assert.equal(await page.locator("[aria-labelledby=numbers] tbody tr").count(), 12);
  const chosen = results.filter(({ grid }) => grid.penalty_alpha === 0.1 && grid.top_k === 2).map(({ metrics }) => metrics.distinct_1 as number);
  assert.equal(chosen.length, 4);
  const mean = chosen.reduce((a, b) => a + b, 0) / 4;
  const words = await page.$$eval(".plots svg", (all) => all.map((each) => each.querySelector("desc")!.textContent!));
  assert.ok(words.some((each) => each.includes(` 2: ${mean.toFixed(3)} at 0.1,`)), words.join("\n"));
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("the map: every combination a point, the front joined, the text beside it; a click lists it, the keyboard does, too", async () => {
  const { page, close } = await sweep();
  assert.equal(await page.locator(".front-plot circle").count(), 12);
  const front = await page.locator(".front-plot .on-front").count();
  assert.ok(front > 0 && front < 12);
  const point = page.locator(".front-plot circle").nth(9);
  await point.focus();
  assert.equal(await page.textContent(".front-reading .passage"), results[18]!.prompt + results[18]!.text);
  assert.match((await page.textContent(".front-reading .note"))!, /^penalty_alpha=0\.9 top_k=2 repetition_penalty=1\.2: /);
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("[aria-labelledby=numbers] tbody tr").count(), 1);
  await page.getByLabel("across").selectOption({ label: "entropy" });
  assert.match((await page.textContent("section[aria-labelledby=front] > .note"))!, /no better end/);
  assert.match(await page.evaluate(() => location.hash), /mx=2/);
  await close();
});

test("points stand where they belong: alpha evenly, higher further up", async () => {
  const { page, close } = await sweep();
  const [first, second] = await circles(page, "entropy");
  assert.ok(Math.abs(first![1]!.x - first![0]!.x - (first![2]!.x - first![1]!.x)) < 0.2);
  const all = [...first!, ...second!].map(({ y, words }) => ({ y, value: Number(words.split(": ")[1]) })).sort((a, b) => a.value - b.value);
  all.slice(1).forEach(({ y }, i) => assert.ok(y <= all[i]!.y + 0.01));
  await close();
});

test("other directions and fitted axes, which begin at 0 by themselves; a point lists its combinations; the link opens the same", async () => {
  const { page, close } = await sweep();
  await page.getByLabel("along x").selectOption("top_k");
  assert.equal(await page.getByLabel("a line for each").evaluate((each) => (each as HTMLSelectElement).selectedOptions[0]!.textContent), "penalty_alpha");
  assert.deepEqual((await circles(page, "entropy")).map((line) => line.length), [2, 2, 2]);
  assert.equal(await page.getByLabel("from 0").isChecked(), true);
  await page.getByText("fitted").click();
  await page.locator(".plots svg").first().locator("circle").last().click();
  assert.equal(await page.locator("[aria-labelledby=numbers] tbody tr").count(), 2);
  assert.match((await page.textContent("[role=status]"))!, /2 of 12/);
  assert.equal(await page.locator("details.combination[open]").count(), 2, "few texts are shown at once");
  assert.match((await page.locator("details.combination").first().textContent())!, /penalty_alpha=0\.9 top_k=5 repetition_penalty=1 /);
  const hash = await page.evaluate(() => location.hash);
  await page.getByRole("button", { name: "all" }).click();
  assert.equal(await page.locator("[aria-labelledby=numbers] tbody tr").count(), 12);
  await close();
  const again = await sweep({ hash });
  assert.equal(await again.page.locator("[aria-labelledby=numbers] tbody tr").count(), 2);
  assert.deepEqual((await circles(again.page, "entropy")).map((line) => line.length), [2, 2, 2]);
  assert.equal(await again.page.getByLabel("fitted").isChecked(), true);
  await again.close();
});

test("the texts: prompt and text of each result, unfolded by the keyboard", async () => {
  const { page, close } = await sweep();
  const one = page.locator("details.combination").nth(3);
  await one.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await one.locator(".passage").allTextContents(), results.slice(6, 8).map(({ prompt, text }) => prompt + text));
  await close();
});

test("an unfinished sweep with failures says so; one of many shows as many as there are texts", async () => {
  const [header, summary, ...rest] = fixture("sweep").trim().split("\n");
  const begun = JSON.parse(summary!);
  begun.summary.results = 3;
  begun.summary.failed = 1;
  const failed = JSON.stringify({ index: 2, prompt: "p", error: "left <b>no</b> token" });
  const { page, close } = await sweep({}, [header, JSON.stringify(begun), ...rest.slice(0, 2), results.slice(0, 2).map((each) => JSON.stringify(each)).join("\n"), failed].join("\n"));
  assert.match((await page.textContent("header"))!, /3 of 24 points.*1 failed/);
  assert.equal(await page.locator("[aria-labelledby=numbers] tbody tr").count(), 2);
  assert.match((await page.locator("details.combination").nth(1).textContent())!, /failed: left <b>no<\/b> token/);
  await close();
  begun.summary.results = 24;
  const many = await sweep({}, [header, JSON.stringify(begun), ...rest.slice(0, 14)].join("\n"));
  assert.match((await many.page.textContent("section:last-of-type"))!, /The first 2 of 24 texts: all are in sweep\.jsonl\./);
  await many.close();
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe, ${scheme}; nothing is wider than the page`, async () => {
    for (const width of [1280, 390]) {
      const { page, close } = await sweep({ scheme, width });
      await page.getByText("what is measured").click();
      await page.locator("details.combination summary").first().click();
      assert.deepEqual(await findings(page), []);
      assert.ok((await overflow(page)) <= 0);
      await close();
    }
  });
}

test("printed: plots and numbers, no controls", async () => {
  const { page, close } = await sweep();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".plots").isVisible(), true);
  assert.equal(await page.getByLabel("along x").isVisible(), false);
  await close();
});

test("hostile names are shown and do nothing", async () => {
  const evil = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">\u202e\u001b\u2028';
  const lines = [
    { sweep: 1, models: [{ name: evil }], prompts: { count: 1 }, settings: [{ label: evil }, { label: "b" }], grid: { [evil]: [evil, "2", "3"], __proto__x: ["1"] }, points: 6 },
    { summary: { file: evil, results: 6, failed: 0, metrics: [{ name: "tokens", label: evil, doc: evil, decimals: 400 }] } },
    ...[1, 2, 3, 4, 5, 6].map((value) => ({ means: [value] })),
    ...[0, 1, 2, 3, 4, 5].map((index) => ({ index, prompt: evil, ...(index === 3 ? { error: evil } : { text: evil }) })),
  ];
  const { page, requests, errors, close } = await sweep({ width: 390 }, lines.map((line) => JSON.stringify(line)).join("\n") + "\n");
  for (const one of await page.locator("details summary").all()) await one.click();
  assert.equal(await page.evaluate(() => "pwned" in window), false);
  assert.deepEqual(await page.evaluate(() => [document.images.length, document.scripts.length]), [0, 2]);
  const shown = await allText(page);
  assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
  assert.match(shown, /<script>window\.pwned=1/);
  assert.ok((await overflow(page)) <= 0);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});
