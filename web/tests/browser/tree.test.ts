import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { pathTo, type Branch, type Search } from "../../src/data/search.ts";
import { Trace } from "../../src/data/trace.ts";
import { stubEnd } from "../../src/tree/drawing.ts";
import { wantedBy } from "../../src/tree/edge_text.ts";
import { gridOf, widened, widthAt, xOf, yOf } from "../../src/tree/grid.ts";
import { layout } from "../../src/tree/layout.ts";
import { reasons } from "../../src/tree/words.ts";
import { beamTrace, hostile, type Setting } from "../support/beams.ts";
import { findings, launch, open, reportOf, set } from "../support/browser.ts";
import { fixture, web } from "../support/fixtures.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

const four: Setting = { beams: 4, steps: 12, end: 0.5 };
const groups: Setting = { beams: 6, steps: 14, groups: 3, penalty: 1.5, end: 1 };
const forced: Setting = { beams: 4, steps: 14, forced: [31, 36], end: 1 };
const lengths: Setting = { beams: 5, steps: 24, end: 1.5, seed: 9, lengthPenalty: 0.6 };
const large: Setting = { beams: 16, steps: 100, end: -2.5, top: 50 };

const searchOf = (setting: Setting): Search => new Trace(beamTrace(setting)).runs[0]!.search!;
const selected = (page: Page) => page.locator("#tree-cursor").getAttribute("data-branch").then(Number);
const heading = (page: Page) => page.textContent("#step");

// Where a branch is drawn, on the screen.
async function pointOf(page: Page, search: Search, branch: Branch): Promise<{ x: number; y: number }> {
  const frame = page.locator(".tree-frame");
  await frame.evaluate((element) => element.scrollIntoView());
  const width = await frame.evaluate((element) => element.clientWidth);
  const drawn = layout(search, () => true);
  const grid = widened(gridOf(search.depth, width, null, search.groups > 1), search.depth, wantedBy(drawn, new Set(search.ended.map(({ end }) => end))));
  const row = drawn.row.get(branch);
  const own = row === undefined ? stubEnd(grid, { parent: branch.parent, row: drawn.from(branch) }) : { x: xOf(grid, branch.depth) - 0.3 * widthAt(grid, branch.depth), y: yOf(grid, row) - 2 };
  // A frame tells of its scrolling when it is next drawn, and what is explained goes away then.
  await frame.evaluate(async (element, at) => {
    element.scrollTo(at);
    for (let drawn = 0; drawn < 2; drawn++) await new Promise(requestAnimationFrame);
  }, { left: own.x - 200, top: own.y - 100 });
  const origin = (await page.locator(".tree-canvas").boundingBox())!;
  return { x: origin.x + own.x, y: origin.y + own.y };
}

test("from disk: the tree, the texts that ended and the step's candidates; no request, no error", async () => {
  const { page, requests, errors, close } = await open(browser, beamTrace(four));
  assert.equal(await page.textContent("h1"), "Searched with 4 beams by toy.");
  assert.equal(await page.textContent(".tree .summary"), "12 steps: 44 branches kept, 48 pruned; 4 texts ended, 4 returned.");
  const answers = await page.$$eval("nav[aria-label=Answers] button", (all) => all.map((each) => each.textContent));
  assert.deepEqual(answers.map((each) => each!.slice(0, 8)), ["answer 1", "answer 2", "answer 3", "answer 4"]);
  assert.ok((await page.locator(".tree-edges .winning").count()) > 0);
  assert.equal(await page.locator(".tree-texts .end").count(), 4);
  for (const show of ["ended", "returned only", "all"]) await page.locator(".tree .segmented").getByText(show, { exact: true }).click();
  for (const name of ["larger", "smaller", "smaller", "fit"]) await page.getByRole("button", { name, exact: true }).click();
  await page.locator(".tree").getByText("show the numbers").click();
  assert.equal(await page.locator(".tree table tbody tr").count(), 96);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("a report without a search has no tree", async () => {
  const { page, close } = await open(browser, fixture("answers"));
  assert.equal(await page.locator(".tree, .pool, .candidates, .searched, nav[aria-label=Answers]").count(), 0);
  assert.equal(await page.locator("main").getAttribute("class"), null);
  assert.equal(await page.locator("nav[aria-label=Sequences] button").count(), 3);
  await close();
});

test("a click selects: the branch, its step and, where it stands in an answer, answer and token", async () => {
  const search = searchOf(four);
  const { page, close } = await open(browser, beamTrace(four));
  const last = search.ended.find(({ sequence }) => sequence === 3)!;
  const lost = search.branches.find((branch) => branch.fate === "kept" && branch.depth === 5 && branch.children.every(({ node }) => node === null))!;
  const pruned = search.branches.find((branch) => branch.fate === "pruned" && branch.depth === 8)!;
  for (const branch of [last.end, lost, pruned]) {
    const { x, y } = await pointOf(page, search, branch);
    await page.mouse.click(x, y);
    assert.equal(await selected(page), branch.id);
    assert.match((await page.textContent("#candidates"))!, new RegExp(`^Step ${branch.step + 1} of 12: 8 candidates`));
    assert.equal(await page.locator(".candidates tr.chosen").getAttribute("data-branch"), String(branch.id));
  }
  const { x, y } = await pointOf(page, search, last.end);
  await page.mouse.click(x, y);
  assert.match((await heading(page))!, /^Token 12 of 12/);
  assert.match((await page.textContent("nav[aria-label=Answers] [aria-current]"))!, /^answer 4/);
  assert.equal(await page.locator(".picked").count(), 0);
  await page.locator('.tokens [data-index="4"]').click();
  assert.equal(await selected(page), pathTo(last.end)[4]!.id, "and the other way round");
  await close();
});

test("what leads to no answer says so beside the distribution that is shown", async () => {
  const search = searchOf(four);
  const { page, close } = await open(browser, beamTrace(four));
  const rows = page.locator(".candidates tbody tr");
  await rows.last().click();
  assert.match((await page.textContent(".picked"))!, /this is the distribution it came from/);
  const lone = search.branches.find(({ parent, depth }) => depth === 3 && parent !== null && !parent.children.some(({ fate }) => fate === "kept"))!;
  const { x, y } = await pointOf(page, search, lone);
  await page.mouse.click(x, y);
  assert.equal(await selected(page), lone.id);
  assert.match((await page.textContent(".picked"))!, /leads to no returned text, so its distribution is not recorded/);
  await close();
});

test("the candidates are those of the trace, in words", async () => {
  for (const setting of [groups, forced]) {
    const search = searchOf(setting);
    const { page, close } = await open(browser, beamTrace(setting), { hash: "#pick=3.0" });
    const shown = await page.$$eval(".candidates tbody tr", (rows) =>
      rows.map((row) => ({ values: [...row.querySelectorAll("data")].map((each) => Number((each as HTMLDataElement).value)), fate: row.querySelector(".fate")!.textContent! })),
    );
    const { branches } = search.steps[3]!;
    assert.equal(shown.length, branches.length);
    branches.forEach((branch, i) => {
      const expected = [branch.logP, ...(branch.penalty === null ? [] : [branch.penalty]), branch.score];
      assert.deepEqual(shown[i]!.values, expected);
      assert.match(shown[i]!.fate, new RegExp(branch.fate === "pruned" ? reasons[branch.reason!]!.long : branch.fate === "kept" ? "kept" : "ended"));
    });
    const legend = (await page.textContent(".tree-legend"))!;
    const all = new Set(search.branches.filter(({ fate }) => fate === "pruned").map(({ reason }) => reason!));
    for (const reason of all) assert.ok(legend.includes(reasons[reason]!.short), reason);
    assert.equal(legend.includes("group 3"), setting === groups);
    assert.equal(await page.locator(".tree-band").count(), setting === groups ? 3 : 0);
    await close();
  }
});

test("pointing at a branch tells token, probability, score and reason", async () => {
  const search = searchOf(groups);
  const { page, close } = await open(browser, beamTrace(groups));
  const penalised = search.branches.find(({ reason }) => reason === "group penalty")!;
  const at = await pointOf(page, search, penalised);
  await page.mouse.move(at.x, at.y);
  const tip = (await page.textContent(".tree-tip"))!;
  assert.match(tip, /diversity penalty cost it its place \(1\.50 subtracted\)/);
  const end = search.ended[0]!.end;
  const there = await pointOf(page, search, end);
  await page.mouse.move(there.x, there.y);
  const words = (await page.textContent(".tree-tip"))!;
  assert.ok(words.includes(`p ${Math.exp(end.logP + (end.penalty ?? 0)).toFixed(4)}`) && words.includes(`score ${end.score.toFixed(2).replace("-", "−")}`), words);
  await page.mouse.move(4, 4);
  assert.equal(await page.locator(".tree-tip").count(), 0);
  await close();
});

test("the length_penalty slider ranks by score / length^length_penalty, and says what the run used", async () => {
  const search = searchOf(lengths);
  assert.ok(new Set(search.ended.map(({ length }) => length)).size > 2);
  const { page, errors, close } = await open(browser, beamTrace(lengths));
  const status = () => page.textContent(".pool [role=status]");
  assert.match((await status())!, /^The run used 0\.6\. Ranked by/);
  const more = page.locator(".pool").getByText(/show \d+ more/);
  if (await more.count()) await more.click();
  const winners = new Set<string>();
  for (const lp of [-3, -1.5, 0, 0.6, 1, 2.35, 3]) {
    await set(page, "length_penalty", lp);
    const shown = await page.$$eval(".pool tbody tr", (rows) =>
      rows.map((row) => [...row.querySelectorAll("data")].map((each) => Number((each as HTMLDataElement).value))),
    );
    const expected = search.ended
      .map(({ score, length }) => [score / length ** lp, score, length])
      .sort((a, b) => b[0]! - a[0]!);
    assert.equal(shown.length, expected.length);
    shown.forEach((row, i) => {
      assert.deepEqual(row.slice(1), expected[i]!.slice(1), `length_penalty ${lp}, rank ${i + 1}`);
      assert.ok(Math.abs(row[0]! / expected[i]![0]! - 1) < 1e-12, "the browser's own power function");
    });
    const d = await page.$$eval(".tree-edges .winning", (paths) => paths.map((each) => each.getAttribute("d")).join(""));
    winners.add(d);
    assert.equal(await page.locator(".tree-texts .end.winning").count(), 1);
    assert.match((await status())!, lp === 0.6 ? /Ranked by/ : /^The run used 0\.6\. With (−?[\d.]+) the best text is/);
  }
  assert.ok(winners.size > 1, "the thick line goes to the new winner");
  await page.locator("#range-length_penalty").focus();
  await page.keyboard.press("End");
  assert.equal(await page.getByLabel("length_penalty, exact").inputValue(), "3");
  assert.match(await page.evaluate(() => location.hash), /length_penalty=3$/);
  await page.getByRole("button", { name: "as the run" }).click();
  assert.doesNotMatch(await page.evaluate(() => location.hash), /length_penalty/);
  assert.deepEqual(errors, []);
  await close();
});

test("the tree without a pointer", async () => {
  const search = searchOf(four);
  const { page, errors, close } = await open(browser, beamTrace(four));
  for (let i = 0; i < 60 && !(await page.evaluate(() => document.activeElement!.classList.contains("tree-frame"))); ++i) await page.keyboard.press("Tab");
  await page.keyboard.press("Home");
  assert.match((await heading(page))!, /^Token 1 of 12/);
  await page.keyboard.press("ArrowRight");
  assert.match((await heading(page))!, /^Token 2 of 12/);
  assert.equal(await page.locator(".tree-tip").count(), 1, "focus tells what pointing does");
  const seen = new Set([await selected(page)]);
  for (let i = 0; i < 10; ++i) {
    await page.keyboard.press("ArrowUp");
    seen.add(await selected(page));
  }
  for (let i = 0; i < 10; ++i) {
    await page.keyboard.press("ArrowDown");
    seen.add(await selected(page));
  }
  assert.deepEqual([...seen].sort((a, b) => a - b), search.steps[1]!.branches.map(({ id }) => id), "every candidate of the step");
  const cursor = page.locator("#tree-cursor");
  assert.match((await cursor.getAttribute("aria-label"))!, /probability .*score .*(pruned|kept)/);
  assert.equal(await page.locator(".tree-frame").getAttribute("aria-activedescendant"), "tree-cursor");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement!.id), "candidates");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator('.candidates [aria-pressed="true"]').count(), 1);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement!.className), "tree-frame");
  const before = await page.locator(".tree-canvas").evaluate((element) => element.scrollWidth);
  await page.keyboard.press("+");
  assert.ok((await page.locator(".tree-canvas").evaluate((element) => element.scrollWidth)) > before);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement!.getAttribute("role")), "option", "back in the text");
  assert.deepEqual(errors, []);
  await close();
});

test("a link opens the same branch, filter and ranking", async () => {
  const trace = beamTrace(lengths);
  const first = await open(browser, trace);
  await first.page.locator(".candidates tbody tr").last().click();
  await first.page.locator(".tree .segmented").getByText("ended", { exact: true }).click();
  await set(first.page, "length_penalty", -1.25);
  await first.page.locator(".tree").getByText("copy link").click();
  const link = await first.page.evaluate(() => navigator.clipboard.readText());
  const chosen = await first.page.locator(".candidates tr.chosen").getAttribute("data-branch");
  const ranking = await first.page.textContent(".pool tbody");
  await first.close();
  const second = await open(browser, trace, { hash: link.replace(/^[^#]*/, "") });
  assert.equal(await second.page.locator(".candidates tr.chosen").getAttribute("data-branch"), chosen);
  assert.equal(await second.page.textContent(".pool tbody"), ranking);
  assert.equal(await second.page.getByLabel("ended", { exact: true }).isChecked(), true);
  await second.page.locator(".tree").getByText("copy numbers").click();
  const table = await second.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(table.split("\n").length, searchOf(lengths).branches.length + 2);
  await second.close();
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe, ${scheme}: the tree with all it can show`, async () => {
    for (const setting of [four, groups, forced]) {
      const { page, close } = await open(browser, beamTrace(setting), { scheme, hash: "#pick=4.5&length_penalty=-1" });
      await page.locator(".tree").getByText("show the numbers").click();
      await page.locator(".tree-frame").focus();
      await page.keyboard.press("ArrowDown");
      assert.deepEqual(await findings(page), []);
      await close();
    }
  });
}

test("texts lie above their edges, in frames of their own", async () => {
  for (const setting of [four, groups, { ...large, steps: 40, top: 2 }]) {
    const { page, close } = await open(browser, beamTrace(setting));
    const overlaps = await page.evaluate(() => {
      const boxes = [...document.querySelectorAll(".edge-text, .tree-texts .end b")].map((each) => ({ text: each.textContent, box: each.getBoundingClientRect() }));
      const found: string[] = [];
      boxes.forEach((a, i) =>
        boxes.slice(i + 1).forEach((b) => {
          const apart = a.box.right <= b.box.left + 1 || b.box.right <= a.box.left + 1 || a.box.bottom <= b.box.top + 3 || b.box.bottom <= a.box.top + 3;
          if (!apart) found.push(`${a.text} and ${b.text}`);
        }),
      );
      return found;
    });
    assert.deepEqual(overlaps, []);
    await close();
  }
});

test("at 320 and 640 pixels only the tree's own frame scrolls", async () => {
  for (const width of [320, 640]) {
    const { page, close } = await open(browser, beamTrace(groups), { width });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    assert.ok(await page.locator(".tree-frame").evaluate((element) => element.scrollWidth > element.clientWidth));
    await close();
  }
});

test("hostile tokens in the tree are shown and do nothing", async () => {
  const trace = beamTrace({ beams: 4, steps: 12, words: hostile, end: 0 }).replaceAll('"reason":"rank"', '"reason":"<img src=x onerror=window.pwned=1>\\u202e"');
  const { page, requests, errors, close } = await open(browser, trace, { width: 820 });
  await page.locator(".tree").getByText("show the numbers").click();
  await page.locator(".tree-frame").focus();
  await page.keyboard.press("Home");
  for (const key of ["ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
  const found = await page.evaluate(() => ({
    pwned: "pwned" in window,
    images: document.images.length,
    scripts: document.scripts.length,
    text: [...document.querySelectorAll("#page, #page *")]
      .flatMap((each) => [...[...each.childNodes].filter((node) => node.nodeType === 3).map((node) => node.nodeValue), each.getAttribute("title"), each.getAttribute("aria-label")])
      .join("\u0020"),
    overflow: document.documentElement.scrollWidth - innerWidth,
  }));
  assert.equal(found.pwned, false);
  assert.deepEqual([found.images, found.scripts], [0, 2]);
  assert.equal(found.text.match(/.{0,30}[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe]/)?.[0], undefined);
  assert.match(found.text.slice(-20000), /pruned: <img src=x/);
  assert.ok(found.overflow <= 0);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("a search that was cut short shows its tree without texts", async () => {
  const lines = beamTrace(four).split("\n").filter((line) => line.includes('"search"')).join("\n");
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(reportOf(lines));
  await page.waitForSelector(".tree-edges path");
  await page.locator(".tree-frame").focus();
  await page.keyboard.press("ArrowRight");
  assert.match((await page.textContent("#candidates"))!, /^Step 2 of 12/);
  assert.equal(await page.locator(".strip, .step").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
});

interface Times {
  readonly shown: number; // ms from navigation
  readonly usable: number; // a branch has been selected with the pointer
  readonly work: number; // ms the page's thread has computed until then
  readonly key: number; // ms an arrow key takes, median
}

async function measure(url: string, target: Branch, search: Search): Promise<Times> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto("about:blank");
  const began = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForSelector(".tree-edges .winning", { state: "attached" });
  const shown = performance.now() - began;
  const drawn = layout(search, () => true);
  const grid = widened(gridOf(search.depth, 1374, null, false), search.depth, wantedBy(drawn, new Set(search.ended.map(({ end }) => end))));
  const x = xOf(grid, target.depth) - 0.3 * widthAt(grid, target.depth);
  await page.locator(".tree-canvas").click({ position: { x, y: yOf(grid, drawn.row.get(target)!) - 2 } });
  await page.waitForFunction((id) => document.querySelector("#tree-cursor")?.getAttribute("data-branch") === id, String(target.id));
  const usable = performance.now() - began;
  const { metrics } = await session.send("Performance.getMetrics");
  const work = 1000 * metrics.find(({ name }) => name === "ThreadTime")!.value;
  const key = await page.evaluate(async () => {
    const frame = document.querySelector<HTMLElement>(".tree-frame")!;
    frame.focus();
    const times: number[] = [];
    for (let i = 0; i < 20; ++i) {
      const start = performance.now();
      frame.dispatchEvent(new KeyboardEvent("keydown", { key: i % 2 ? "ArrowRight" : "ArrowDown", bubbles: true }));
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[10]!;
  });
  await context.close();
  return { shown, usable, work, key };
}

// The best of three, and the page's own computing on a busy machine: as in large.test.ts.
test("16 beams x 100 tokens: usable within 1 s", async () => {
  const trace = beamTrace(large);
  const search = new Trace(trace).runs[0]!.search!;
  const target = search.branches.find(({ fate, depth }) => fate === "kept" && depth === 52)!;
  const url = reportOf(trace);
  const tries = [await measure(url, target, search), await measure(url, target, search), await measure(url, target, search)];
  const { shown, usable, work, key } = tries.reduce((a, b) => (a.usable < b.usable ? a : b));
  const busy = loadavg()[0]! > 1.5 * availableParallelism();
  const words =
    `shown after ${shown.toFixed(0)} ms, usable after ${usable.toFixed(0)} ms (${work.toFixed(0)} ms of computing), ` +
    `an arrow key takes ${key.toFixed(0)} ms${busy ? ", on a busy machine" : ""}`;
  console.log(`${(trace.length / 1e6).toFixed(0)} MB: ${words}`);
  assert.ok((busy ? work : usable) < 1000, words);
  assert.ok(key < 100, words);
});

test("pictures, and what can be measured in them", async () => {
  const wanted = process.env.SCREENSHOTS !== undefined;
  const folder = join(web, "tests/screenshots");
  if (wanted) mkdirSync(folder, { recursive: true });
  for (const [name, setting] of Object.entries({ four, groups, forced, large })) {
    for (const scheme of ["light", "dark"] as const) {
      const { page, close } = await open(browser, beamTrace(setting), { width: 1440, scheme });
      const looks = name === "large" ? ["", "fit"] : [""];
      for (const look of looks) {
        if (look === "fit") await page.getByRole("button", { name: "fit", exact: true }).click();
        const widths = await page.$$eval(".tree-edges path", (paths) =>
          paths.map((each) => [each.getAttribute("class")!, parseFloat(getComputedStyle(each).strokeWidth)] as const),
        );
        const thick = widths.filter(([look]) => look === "winning").map(([, width]) => width);
        const others = widths.filter(([look]) => look !== "winning").map(([, width]) => width);
        assert.ok(Math.min(...thick) >= Math.max(...others), "the best text is the only thick line");
        if (look === "fit") assert.ok(await page.locator(".tree-frame").evaluate((frame) => frame.scrollWidth <= frame.clientWidth), "all of it is seen");
        if (wanted) await page.screenshot({ fullPage: true, path: join(folder, `tree-${name}${look}-${scheme}.png`) });
      }
      await close();
    }
  }
});
