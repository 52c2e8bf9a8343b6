import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { fixture, lines, rawToken, record, token } from "../support/fixtures.ts";
import { allText, launch, open, set } from "../support/browser.ts";

let browser: Browser;
before(async () => void (browser = await launch()));
after(() => browser.close());

test("from disk: text, sentence, four figures, a step already selected; no request, no error", async () => {
  const { page, requests, errors, close } = await open(browser, fixture("two_runs"));
  assert.equal(await page.textContent("h1"), "Sampled by smollm2-f32 with temperature 0.8, top_k 50 and top_p 0.9, seed 3.");
  assert.deepEqual(await page.$$eval(".figures dt", (all) => all.map((each) => each.textContent)), [
    "tokens",
    "tokens a second",
    "mean entropy",
    "kept",
  ]);
  assert.match((await page.textContent(".strip"))!, /^The lighthouse keeper, who has been tasked/);
  assert.match((await page.textContent("#step"))!, /^Token 2 of 25/, "where the runs part");
  for (const view of ["columns", "numbers", "rows"]) await page.getByText(view, { exact: true }).click();
  await page.getByText("show the numbers").click();
  await page.hover('[data-index="5"]');
  assert.equal(await page.locator(".tip > div").count(), 10);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".tip").count(), 0);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("the policy lets nothing in and nothing out", async () => {
  const { page, requests, close } = await open(browser, fixture("answers"));
  const blocked = await page.evaluate(async () => {
    const refused: string[] = [];
    addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
    const image = new Image();
    image.src = "https://example.invalid/x.png";
    await fetch("https://example.invalid/").catch(() => undefined);
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
    const frame = document.createElement("iframe");
    frame.src = "https://example.invalid/";
    document.body.append(frame);
    await new Promise((done) => setTimeout(done, 300));
    return { refused, injected: "injected" in window };
  });
  for (const directive of ["img-src", "connect-src", "script-src-elem", "frame-src"]) {
    assert.ok(blocked.refused.includes(directive), `${directive}: ${blocked.refused}`);
  }
  assert.equal(blocked.injected, false);
  assert.deepEqual(requests, []);
  await close();
});

test("tokens that are parts of a character: a brace, the bytes, and the character above", async () => {
  const { page, close } = await open(browser, fixture("characters"));
  const braces = await page.$$eval(".joined", (all) =>
    all.map((each) => [each.querySelector(".character")!.textContent, ...Array.from(each.querySelectorAll("[role=option]"), (one) => one.textContent)]),
  );
  assert.ok(braces.length >= 4);
  for (const [character, ...pieces] of braces) {
    assert.ok(pieces.length > 1);
    assert.equal(Buffer.from(pieces.join("").replaceAll(" ", ""), "hex").toString("utf8"), character);
  }
  await close();
});

test("several answers, several runs, comparing", async () => {
  const answers = await open(browser, fixture("answers"));
  await answers.page.getByText("answer 3").click();
  assert.match(await answers.page.evaluate(() => location.hash), /seq=2/);
  assert.equal(await answers.page.locator(".tokens .special").textContent(), "<|im_end|>");
  await answers.close();

  const { page, close } = await open(browser, fixture("two_runs"));
  await page.getByLabel("compare with").selectOption("daring");
  assert.equal(await page.locator(".butterfly .bar.other").count(), 24);
  assert.match((await page.textContent(".wings"))!, /daring.*careful, as recorded/s);
  await page.getByLabel("next token").click();
  assert.match((await page.textContent(".wings"))!, /texts before this step differ/);
  await page.getByText("daring", { exact: true }).first().click();
  assert.match((await page.textContent(".wings"))!, /careful.*daring, as recorded/s);
  await close();
});

test("runs of one step each, which were made to be compared, are", async () => {
  const firsts = fixture("two_runs").split("\n").filter((line) => line.startsWith('{"run":'));
  const { page, close } = await open(browser, firsts.join("\n"));
  assert.match((await page.textContent(".wings"))!, /daring.*careful, as recorded/s);
  assert.equal(await page.getByLabel("compare with").inputValue(), "1");
  await close();
});

test("a link opens the same step, view and settings", async () => {
  const first = await open(browser, fixture("two_runs"));
  await first.page.locator('[data-index="7"]').click();
  await first.page.getByText("numbers", { exact: true }).click();
  await first.page.getByLabel("temperature, exact").fill("1.7");
  await first.page.keyboard.press("Enter");
  const hash = await first.page.evaluate(() => location.hash);
  const summary = await first.page.textContent(".summary");
  await first.page.getByText("copy link").click();
  assert.ok((await first.page.evaluate(() => navigator.clipboard.readText())).endsWith(hash));
  await first.close();
  const second = await open(browser, fixture("two_runs"), { hash });
  assert.equal(await second.page.textContent(".summary"), summary);
  assert.equal(await second.page.getByLabel("numbers", { exact: true }).isChecked(), true);
  await second.close();
});

test("numbers are copied with every digit and their units", async () => {
  const { page, close } = await open(browser, fixture("two_runs"));
  await page.getByText("copy numbers").click();
  const [head, first] = (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
  assert.deepEqual(head!.split("\t"), ["id", "bytes", "token", "logit", "score (logit)", "probability", "cumulative probability", "cut by"]);
  assert.ok(first!.split("\t")[5]!.length > 10);
  await close();
});

test("hostile tokens are shown and do nothing", async () => {
  const evil = [
    token(1, "</script><script>window.pwned=1</script>"),
    token(2, '"><img src=x onerror="window.pwned=1">'),
    token(3, " \u202egnirts desrever\u202c"),
    token(4, "\u001b[2J\u001b]0;title\u0007"),
    token(5, "x".repeat(100_000)),
    rawToken(6, ""),
    rawToken(7, "80"),
    rawToken(8, "a0bf"),
    token(9, "a" + "\u0301".repeat(300)),
    token(10, "<!--"),
    token(11, "\u0000\ud7ff\ufffe"),
    token(12, "__proto__"),
    token(13, "\n\n\n"),
    token(14, "@DATA@ $& $1 ${x}"),
  ];
  const records = evil.map((each, t) => record(t + 2, each, evil.filter((other) => other !== each)));
  const run = { label: "</title>\u202e", model: "<b>m</b>\u202e", strategy: "sample", options: { stop: ["</script>\u202e"], ["<i>"]: 1 }, prompt_ids: [], prompt_text: "<script>window.pwned=1</script>\u202e\u001b" };
  const { page, requests, errors, close } = await open(browser, lines(records, run) + lines(records, run), { width: 820 });
  for (let i = 0; i < evil.length; ++i) {
    await page.locator(`[data-index="${i}"]`).first().evaluate((element) => (element as HTMLElement).click());
    for (const view of ["rows", "columns", "numbers"]) await page.getByText(view, { exact: true }).click();
  }
  await page.getByText("all settings").click();
  await page.getByText("show the numbers").click();
  const found = await page.evaluate(() => ({
    pwned: "pwned" in window,
    images: document.images.length,
    scripts: document.scripts.length,
    overflow: document.documentElement.scrollWidth - innerWidth,
    step: document.querySelector(".butterfly, .scroll")!.getBoundingClientRect().height,
  }));
  assert.equal(found.pwned, false);
  assert.deepEqual([found.images, found.scripts], [0, 2]);
  const text = await allText(page);
  assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe]/);
  assert.match(text, /<script>window\.pwned=1/);
  assert.ok(found.overflow <= 0, `the page is ${found.overflow} pixels too wide`);
  assert.deepEqual([requests, errors], [[], []]);
  await close();
});

test("a page without a trace says how to get one; damaged lines are counted", async () => {
  const { page, close } = await open(browser, lines([record(2, token(1, "a"))]) + "{damaged\n");
  assert.match((await page.textContent("header"))!, /1 lines? of the trace could not be read/);
  await close();
  const context = await browser.newContext();
  const empty = await context.newPage();
  const { reportOf } = await import("../support/browser.ts");
  await empty.goto(reportOf("@DATA@"));
  assert.match((await empty.textContent("#page"))!, /decant report/);
  await context.close();
});

test("what says nothing is not said: kept where nothing was cut, cut words, columns out of sight", async () => {
  const uncut = fixture("two_runs").replaceAll('"removed_mass":', '"unread":');
  const { page, close } = await open(browser, uncut, { hash: "#view=numbers" });
  assert.doesNotMatch((await page.textContent(".step .summary"))!, / kept/);
  await page.getByText("all settings").click();
  const broken = await page.$$eval(".options dd", (all) => {
    const lines = (each: Element) => {
      const range = document.createRange();
      range.selectNodeContents(each);
      return range.getClientRects().length;
    };
    return all.filter((each) => each.textContent!.length < 20 && lines(each) > 1).map((each) => each.textContent);
  });
  assert.deepEqual(broken, []);
  assert.ok(await page.locator(".step .scroll").evaluate((each) => each.scrollWidth <= each.clientWidth), "the table of numbers fits");
  await close();
});

test("tokens that other settings would have replaced are marked, and the mark is explained", async () => {
  const { page, close } = await open(browser, fixture("races"));
  assert.equal(await page.locator(".rewritten-key").count(), 0);
  await set(page, "temperature", 0);
  await page.waitForSelector(".token.rewritten");
  assert.equal(await page.locator(".rewritten-key").count(), 1);
  await close();
});
