// What can be seen to be wrong without a person looking: every kind of page on a narrow screen, where there is least room.
// Pictures for people: tests/gallery.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { coveredLabels, cutWords, launch, oddWords, open, overflow } from "../support/browser.ts";
import { beamTrace } from "../support/beams.ts";
import { fixture } from "../support/fixtures.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const pages: Readonly<Record<string, { data: () => string; hashes?: readonly string[]; ready?: string }>> = {
  sampling: { data: () => fixture("two_runs"), hashes: ["", "#view=columns", "#run=1&view=numbers", "#token=9&temperature=0.6&top_k=20&top_p=0.9&min_p=0&typical_p=1"] },
  characters: { data: () => fixture("characters") },
  answers: { data: () => fixture("answers") },
  contrast: { data: () => fixture("contrast"), hashes: ["", "#run=1&view=contrastive_decoding", "#run=2&view=dola"] },
  guesses: { data: () => fixture("speculation"), hashes: ["", "#run=1"] },
  beams: { data: () => beamTrace({ beams: 4, steps: 12, end: 0.5 }) },
  groups: { data: () => beamTrace({ beams: 6, steps: 14, groups: 3, penalty: 1.5, end: 1 }) },
  comparison: { data: () => fixture("comparison"), ready: ".side-by-side" },
  sweep: { data: () => fixture("sweep"), ready: ".plots" },
};

const faults = async (page: Page) => [...(await cutWords(page)), ...(await coveredLabels(page)), ...(await oddWords(page))];

for (const [name, { data, hashes = [""], ready }] of Object.entries(pages)) {
  test(`${name}: nothing wider than a narrow page, cut, or on one another`, async () => {
    for (const hash of hashes) {
      for (const width of [420, 1280]) {
        const { page, errors, close } = await open(browser, data(), { width, hash, ...(ready === undefined ? {} : { ready }) });
        assert.equal(await overflow(page), 0, `${hash} at ${width}`);
        assert.deepEqual([await faults(page), errors], [[], []], `${hash} at ${width}`);
        await close();
      }
    }
  });
}

// With the keyboard, from token to token.
test("every token of every strategy has a sentence that says why, and stands in its own chart and tip", async () => {
  const traces = [fixture("two_runs"), fixture("answers"), ...[0, 1, 2].map(() => fixture("contrast")), fixture("speculation"), fixture("speculation"), beamTrace({ beams: 4, steps: 12, end: 0.5 })];
  const runs = [0, 0, 0, 1, 2, 0, 1, 0];
  for (const [i, trace] of traces.entries()) {
    const { page, close } = await open(browser, trace, { hash: `#run=${runs[i]}&view=butterfly` });
    const tokens = await page.locator(".tokens [data-index]").count();
    await page.locator('.tokens [aria-selected="true"]').focus();
    await page.keyboard.press("Home");
    for (let at = 0; at < tokens; ++at) {
      const words = `trace ${i}, token ${at + 1}`;
      await page.waitForFunction((wanted) => document.querySelector("#step")?.textContent?.startsWith(wanted), `Token ${at + 1} of ${tokens}:`);
      assert.ok(((await page.textContent(".step .why")) ?? "").length > 10, words);
      assert.equal(await page.locator(".butterfly .row.chosen").count(), 1, words);
      await page.keyboard.press("ArrowRight");
    }
    await close();
  }
});

test("each check finds what it is for", async () => {
  const { page, close } = await open(browser, fixture("answers"), { width: 420 });
  await page.evaluate(() => {
    const wrong = document.createElement("section");
    wrong.innerHTML =
      "<p>far too long</p><p>1 tokens</p><p>NaN bits</p>" + '<svg width="80" height="20"><text x="0" y="12">one</text><text x="4" y="12">two</text></svg><p>wide</p>';
    const style = (place: number, set: Readonly<Record<string, string>>) => Object.assign(wrong.querySelectorAll("p")[place]!.style, set);
    style(0, { width: "40px", overflow: "hidden", whiteSpace: "nowrap" });
    style(3, { width: "600px" });
    document.getElementById("page")!.append(wrong);
  });
  const found = (await faults(page)).join("\n");
  for (const word of ['cut: "far too long"', 'covered: "one" and "two"', 'odd: "1 tokens"', 'odd: "NaN"']) assert.ok(found.includes(word), `${word} in ${found}`);
  assert.ok((await overflow(page)) > 0);
  await close();
});
