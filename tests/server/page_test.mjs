// The page of a server in Chromium: node tests/server/page_test.mjs PROGRAM MODEL [FOLDER], after scripts/web.sh has
// fetched its packages. Asks, branches, comes back to the branches by the address, compares, draws the map, runs what it copied, drops a file;
// no script error, no request elsewhere, nothing that axe calls serious, nothing wider than the page. With FOLDER it leaves
// pictures there, light and dark, 420 and 1,280 wide. PAGE names a page to be served in place of the program's own, so that
// work on it needs no build.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { coveredLabels, cutWords, findings, oddWords, overflow } from "../../web/tests/support/faults.mjs";
import { go as goTo, idle as idleOn, serve, serveInstead } from "../../web/tests/support/served.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [program = "build/release/decant", model = "build/models/smollm2-q4_0.gguf", folder] = process.argv.slice(2);
const { address, stop } = await serve(program, model);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const timeout = 120_000;
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
const page = await context.newPage();
page.setDefaultTimeout(timeout);
const faults = [];
page.on("pageerror", (error) => faults.push(error.message));
page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
page.on("request", (request) => request.url().startsWith(address) || faults.push(request.url()));
if (process.env.PAGE) await serveInstead(page, process.env.PAGE);
const idle = (count) => idleOn(page, count);
const go = (hash) => goTo(page, address, hash);
const written = (i) => page.locator(".attempt").nth(i).locator(".attempt-text").textContent();
const hash = () => page.evaluate(() => location.hash); // page.url() hears of a change a moment later

// Light and dark, narrow and wide.
async function look(name) {
  for (const width of [1280, 420]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      if (folder) await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    assert.equal(await overflow(page), 0, `${name} at ${width}`);
    assert.deepEqual([...(await cutWords(page)), ...(await coveredLabels(page)), ...(await oddWords(page))], [], `${name} at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function axe(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await findings(page, ".serve"), [], name);
  }
}

async function asksAndBranches() {
  await go(`#prompt=${encodeURIComponent("A <b>name</b>: ")}&chat=false&max_tokens=8`);
  assert.equal(await page.locator("textarea").inputValue(), "A <b>name</b>: ");
  await page.getByRole("button", { name: "sampling", exact: true }).click();
  await page.locator("textarea").press("Tab"); // the keyboard reaches the form
  await page.getByRole("button", { name: "Write" }).click();
  await idle(1);
  const first = await written(0);
  assert.ok(first.length > 0);
  assert.match(await hash(), /o\.temperature=0\.8/);
  assert.equal((await page.locator(".live-text .token").count()) > 0, true);
  assert.equal((await page.locator(".tokens [role=option]").count()) > 0, true);

  await page.locator(".live-text .token").nth(2).hover();
  assert.ok((await page.locator(".tip > div").count()) > 3);
  await page.locator(".live-text").focus();
  for (let i = 0; i < 3; ++i) await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => /^Token 3 of/.test(document.querySelector("#step")?.textContent ?? "")); // above and below together
  await page.locator(".branch button").first().click();
  await idle(2);
  const branched = await written(1);
  assert.ok(branched.length > 0 && branched !== first);
  assert.match(await hash(), /branches=0\.2\.\d+/);
  await look("branches");

  await go(await hash());
  await page.getByRole("button", { name: "Write" }).click();
  await idle(2);
  assert.deepEqual([await written(0), await written(1)], [first, branched], "the address has the tree of branches");
}

async function comparesAll() {
  await go("#prompt=The%20sun%20is&chat=false&max_tokens=8");
  await page.getByRole("button", { name: "All strategies" }).click();
  await idle(8);
  assert.equal(await page.locator(".attempt [role=alert]").count(), 0);
  for (let i = 0; i < 8; ++i) assert.ok((await written(i)).length > 0);
  assert.ok((await page.locator(".meters dt").count()) >= 3);
  await look("strategies");
  await axe("strategies");
}

async function drawsTheMap() {
  await page.getByRole("button", { name: "Map of what may follow" }).click();
  await page.getByRole("button", { name: "Look further" }).waitFor();
  const heights = await page.$$eval(".map-box", (all) => all.filter((each) => each.style.left === "0px").map((each) => each.getBoundingClientRect().height));
  assert.ok(heights.length > 1 && heights.reduce((a, b) => a + b, 0) <= 420.5, "what is told apart holds no more than all");
  await page.locator("button.map-box").first().click();
  await idle(1);
  await look("map");
}

async function optionsAndExamples() {
  await page.getByRole("button", { name: "greedy", exact: true }).click();
  await page.getByText(/^all \d+ options$/).click();
  await page.locator(".option-table").getByLabel("num_beams", { exact: true }).fill("2");
  assert.match(await hash(), /o\.num_beams=2/);
  await page.getByRole("button", { name: "Add an option" }).click();
  await page.getByLabel("option", { exact: true }).last().fill("num_beam");
  await page.locator(".setting input").last().fill("3");
  await page.getByRole("button", { name: "Write" }).click();
  await idle(1);
  assert.match(await page.locator(".attempt [role=alert]").textContent(), /did you mean num_beams/);
  faults.splice(0, faults.length, ...faults.filter((fault) => !/400/.test(fault)));
  await page.locator(".all-options input[type=search]").fill("beam"); // a few of them look as all of them do
  await axe("options");
  await page.getByRole("button", { name: "greedy", exact: true }).click();
  await page.getByRole("button", { name: "Run an example" }).click();
  await idle(1);
  assert.match(await page.locator(".hint").textContent(), /Look at this/);
}

// What is copied runs as it is, where the model lies, and writes what the page wrote.
async function copiesCommands() {
  await go(`#prompt=${encodeURIComponent(`It's a "test" for $HOME:`)}&chat=false&max_tokens=8&o.temperature=0.8&o.top_p=0.9&o.seed=5`);
  await page.getByRole("button", { name: "Write" }).click();
  await idle(1);
  const own = (await written(0)).trim();
  const copied = async (label) => {
    await page.getByRole("button", { name: label, exact: true }).click();
    await page.getByText(`copied as ${label}`).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const run = (file, command) => execFileSync(file, ["-c", command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout, cwd: dirname(resolve(model)) });
  assert.equal(run("bash", `decant() { '${resolve(program)}' "$@"; }; ${await copied("decant")}`).trim(), own);
  assert.equal(JSON.parse(run("bash", await copied("curl"))).choices[0].text.trim(), own);
  const python = resolve("build/openai/bin/python"); // scripts/test.sh environments makes it
  if (existsSync(python)) assert.equal(run(python, await copied("OpenAI client")).trim(), own);
  else console.log("the OpenAI client's code was not run: no build/openai");
}

async function dropsAFile() {
  const logprob = (token, p) => ({ token, logprob: Math.log(p), bytes: [...Buffer.from(token)] });
  const content = [{ ...logprob("<i>Hi", 0.5), top_logprobs: [logprob("<i>Hi", 0.5), logprob("Ho", 0.25)] }];
  const answer = { model: "another", choices: [{ index: 0, logprobs: { content } }] };
  await page.locator("input[type=file]").setInputFiles({ name: "answer.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(answer)) });
  await page.locator("h1", { hasText: "another" }).waitFor();
  assert.match(await page.locator("h1").textContent(), /another/);
  assert.match(await page.locator("#step").textContent(), /^Token 1 of 1: <i>Hi/);
  await page.getByRole("button", { name: "Back to the page" }).click();
  assert.equal(await page.locator("textarea").count(), 1);
}

try {
  await asksAndBranches();
  await comparesAll();
  await drawsTheMap();
  await optionsAndExamples();
  await copiesCommands();
  await dropsAFile();
  assert.deepEqual(faults, []);
  console.log("page of the server: asked, branched, compared, mapped, copied, dropped; no faults");
} finally {
  await browser.close();
  stop();
}
