import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { fixture } from "../support/fixtures.ts";
import { findings, launch, open, overflow } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const changed = "&temperature=0.6&top_k=20&top_p=0.9&min_p=0&typical_p=1";

for (const scheme of ["light", "dark"] as const) {
  test(`axe, ${scheme}: every view, as recorded and changed`, async () => {
    for (const [view, settings] of [["butterfly", changed], ["columns", ""], ["numbers", changed]]) {
      const { page, close } = await open(browser, fixture("two_runs"), { scheme, hash: `#token=9&view=${view}${settings}` });
      if (view === "numbers") {
        await page.getByText("show the numbers").click();
        await page.getByText("all settings").click();
        await page.getByLabel("compare with").selectOption("daring");
      }
      assert.deepEqual(await findings(page), [], `${view}${settings}`);
      await close();
    }
  });

  test(`axe, ${scheme}: another colour, joined characters, several answers, a narrow page`, async () => {
    const { page, close } = await open(browser, fixture("characters"), { scheme, width: 390 });
    await page.getByText(scheme === "light" ? "rank" : "entropy", { exact: true }).first().click();
    assert.deepEqual(await findings(page), []);
    await close();
    const answers = await open(browser, fixture("answers"), { scheme });
    assert.deepEqual(await findings(answers.page), []);
    await answers.close();
  });
}

test("at 200 % zoom and at 320 pixels nothing is wider than the page", async () => {
  for (const width of [320, 640]) {
    const { page, close } = await open(browser, fixture("two_runs"), { width });
    for (const view of ["rows", "columns", "numbers"]) {
      await page.getByText(view, { exact: true }).click();
      assert.ok((await overflow(page)) <= 0, `${view} at ${width}`);
    }
    await close();
  }
});
