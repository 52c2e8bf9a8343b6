// The page of a server in Chromium: node tests/server/page_test.mjs PROGRAM MODEL, after scripts/web.sh has fetched its
// packages. Asks, branches, compares; no script error, no request elsewhere, nothing that axe calls serious.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const [program = "build/release/decant", model = "build/models/smollm2-q4_0.gguf"] = process.argv.slice(2);
const server = spawn(program, ["serve", "-m", model, "-t", "1", "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
const address = await new Promise((found, lost) => {
  server.on("exit", lost);
  createInterface({ input: server.stderr }).on("line", (line) => {
    const match = /http:\/\/\S+/.exec(line);
    if (match) found(match[0]);
  });
});

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const timeout = 120_000;
try {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(timeout);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => request.url().startsWith(address) || faults.push(request.url()));
  const idle = (count) =>
    page.waitForFunction((n) => document.querySelectorAll(".attempt").length === n && !document.querySelector(".caret"), count);

  await page.goto(`${address}/#prompt=${encodeURIComponent("A <b>name</b>: ")}&chat=false&max_tokens=12`);
  assert.equal(await page.locator("textarea").inputValue(), "A <b>name</b>: ");
  await page.getByRole("button", { name: "sampling", exact: true }).click();
  await page.locator("textarea").press("Tab"); // the keyboard reaches the form
  await page.getByRole("button", { name: "Write" }).click();
  await idle(1);
  const first = await page.locator(".attempt-text").textContent();
  assert.ok(first.length > 0);
  assert.match(page.url(), /o\.temperature=0\.8/);
  assert.equal(await page.locator(".tokens [role=option]").count() > 0, true);

  await page.locator(".branch button").first().click();
  await idle(2);
  const branched = await page.locator(".attempt-text").nth(1).textContent();
  assert.ok(branched.length > 0 && branched !== first);

  await page.getByRole("button", { name: "All strategies" }).click();
  await idle(8);
  assert.equal(await page.locator(".attempt [role=alert]").count(), 0);

  await page.getByRole("button", { name: "Add an option" }).click();
  await page.getByLabel("option", { exact: true }).last().fill("num_beam");
  await page.locator(".setting input").last().fill("3");
  await page.getByRole("button", { name: "Write" }).click();
  await idle(1);
  assert.match(await page.locator(".attempt [role=alert]").textContent(), /did you mean num_beams/);
  faults.splice(0, faults.length, ...faults.filter((fault) => !/400/.test(fault)));

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 420]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes[0].html]), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0);
    }
  }
  assert.deepEqual(faults, []);
  console.log("page of the server: asked, branched, compared; no faults");
} finally {
  await browser.close();
  server.removeAllListeners("exit");
  server.kill();
}
