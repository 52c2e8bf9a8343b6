// Pictures of every view, in light and dark, 420 and 1,280 wide, of texts that a model really writes, to be looked at; and
// what can be seen to be wrong without looking. Usage: node web/tests/gallery.mjs PROGRAM MODEL FOLDER [VIEW...]
//
// FOLDER keeps what the model wrote (FOLDER/data), so that a second time only draws. PAGE names a page in place of
// web/dist/report.html. Ends with 1 where a view has a fault.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { coveredLabels, cutWords, findings, oddWords, overflow } from "./support/faults.mjs";
import { go, idle, serve, serveInstead } from "./support/served.mjs";

const [program, model, out, ...wanted] = process.argv.slice(2);
if (!out) throw new Error("usage: node web/tests/gallery.mjs PROGRAM MODEL FOLDER [VIEW...]");
const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const ownPage = resolve(process.env.PAGE ?? join(web, "dist/report.html"));
const folder = resolve(out);
mkdirSync(join(folder, "data"), { recursive: true });

// ---- what is looked at

const prompt = "The old lighthouse keeper looked at";
const asItIs = ["-m", model, "-t", "1", "--no-chat-template"];
const run = (options, text = prompt) => ["run", ...asItIs, "--jsonl", ...options.split(" "), "-p", text];
const written = (name) => readFileSync(join(folder, "data", name), "utf8");

// The data of the pages: what the program is asked, or what is made of what it said.
const data = {
  greedy: run("-n 40"),
  sampling: run("--temperature 0.8 --top-k 50 --top-p 0.95 --seed 1 -n 40"),
  penalties: run("--temperature 0.9 --repetition-penalty 1.3 --no-repeat-ngram-size 3 --min-p 0.02 --typical-p 0.95 --seed 3 -n 40"),
  answers: run("--temperature 0.9 --top-p 0.9 --seed 4 -n 24 --num-return-sequences 3"),
  beam: run("--num-beams 4 --num-return-sequences 2 -n 24"),
  "long-beam": run("--num-beams 4 --num-return-sequences 4 -n 60", "The future of AI is"),
  diverse: run("--num-beams 6 --num-beam-groups 3 --diversity-penalty 1 --num-return-sequences 3 -n 20"),
  "contrastive-search": run("--penalty-alpha 0.6 --top-k 5 -n 60"),
  "contrastive-decoding": run("--amateur self:15 -n 40"),
  "contrastive-decoding-sampled": run("--amateur self:q4_0 --temperature 0.8 --seed 2 -n 24"),
  dola: run("--dola-layers high --repetition-penalty 1.2 -n 24", "The capital of Australia is"),
  lookup: run("--prompt-lookup-num-tokens 8 -n 48", "Repeat after me: one two three four five six. One two three four five six. One two"),
  rejection: run("--assistant-model self:q4_0 --verify rejection --temperature 0.9 --seed 2 -n 40"),
  guidance: run("--guidance-scale 1.5 --negative-prompt The -n 32"),
  grammar: ["run", ...asItIs, "--jsonl", "-n", "24", "--grammar", 'root ::= "A " [a-z]+ " " [a-z]+ "."', "-p", "A colour and an animal:"],
  compare: ["compare", ...asItIs, "-n", "40", "--setting", "greedy:", "--setting", "sampling: temperature=0.8 top_p=0.95 seed=1", "--setting", "beams: num_beams=4", "--setting", "contrastive search: penalty_alpha=0.6 top_k=5", "-p", prompt],
  sweep: ["sweep", ...asItIs, "-n", "32", "--grid", "penalty_alpha=0.1,0.3,0.5,0.7,0.9", "--grid", "top_k=2,3,5,10", "--out", join(folder, "data/sweep.points"), prompt],
  "sweep-of-one": ["sweep", ...asItIs, "-n", "32", "--grid", "temperature=0.2,0.6,1,1.4", "--set", "seed=1", "--out", join(folder, "data/sweep-of-one.points"), prompt],
};

const made = {
  "two-runs": () => ["sampling", "penalties"].map((name) => labelled(written(name), name)).join(""),
  // Names that would be markup, ends of lines, directions, control characters, parts of characters and very long ones.
  hostile: () => {
    const texts = ["<script>alert(1)</script>", "</script>", "\u202eright to left", "\u0000\u0007", "a".repeat(300), "\n\n\n", "\t", "&amp;", "שלום", "مرحبا", "Ġtoken", "🏳️‍🌈", " "];
    const lines = written("sampling").trim().split("\n").map((line) => JSON.parse(line));
    const hostile = (each, i) => {
      const text = texts[i % texts.length];
      return { ...each, text, bytes: Buffer.from(text).toString("hex"), piece: text };
    };
    return lines.map((line, t) => JSON.stringify({ ...line, token: hostile(line.token, t), top: line.top.map((each, i) => (each.id === line.token.id ? hostile(each, t) : hostile(each, t + i + 1))) })).join("\n");
  },
  "ten-thousand": () => {
    const lines = written("sampling").trim().split("\n").map((line) => JSON.parse(line));
    return Array.from({ length: 10_000 }, (_, t) => JSON.stringify({ ...lines[t % lines.length], run: t === 0 ? lines[0].run : undefined, t: t + 4 })).join("\n");
  },
};

function labelled(lines, label) {
  const [first, ...rest] = lines.trim().split("\n");
  const record = JSON.parse(first);
  record.run.label = label;
  return [JSON.stringify(record), ...rest, ""].join("\n");
}

const click = (name) => (page) => page.getByRole("button", { name, exact: true }).first().click();
const choose = (text) => (page) => page.getByText(text, { exact: true }).first().click();

// Of each page its views: a hash, or what is done to it.
const views = {
  greedy: { "": {} },
  sampling: {
    "": {},
    columns: { act: choose("columns") },
    log: { act: choose("log") },
    numbers: { act: choose("numbers") },
    "what-if": { hash: "&temperature=1.5&top_k=20&top_p=0.9&min_p=0&typical_p=1" },
    rank: { act: choose("rank") },
    hover: { act: (page) => page.locator(".tokens [data-index='12']").hover() },
    settings: { act: choose("all settings") },
  },
  penalties: { "": {} },
  answers: { "": {} },
  beam: { "": {}, fit: { act: click("fit") }, pruned: { act: (page) => page.locator(".tree [tabindex='0'], .tree-canvas, [role='tree']").first().press("ArrowDown") } },
  "long-beam": { "": {} },
  diverse: { "": {} },
  "contrastive-search": { "": {}, numbers: { act: click("show the numbers") }, rows: { act: choose("rows") } },
  "contrastive-decoding": { "": {}, linear: { act: choose("linear") }, numbers: { act: click("show the numbers") }, rows: { act: choose("rows") } },
  "contrastive-decoding-sampled": { "": {} },
  dola: { "": {}, fit: { act: click("fit") }, numbers: { act: click("show the numbers") } },
  lookup: { "": {}, numbers: { act: click("show the numbers") } },
  rejection: { "": {} },
  guidance: { "": {} },
  grammar: { "": {} },
  "two-runs": { "": {}, compared: { act: (page) => page.getByLabel("compare with").selectOption({ index: 1 }) } },
  compare: {
    "": {},
    against: { act: choose("beams") },
    opened: { act: (page) => page.locator("article").nth(1).locator("[data-token='3']").click() },
    settings: { act: choose("all settings") },
  },
  sweep: { "": {}, picked: { act: (page) => page.locator("circle[role=button]").first().press("Enter") } },
  "sweep-of-one": { "": {} },
  hostile: { "": {}, script: { hash: "&view=numbers" } },
  "ten-thousand": { "": {} },
};

const question = (settings, tokens = 24) => `#prompt=${encodeURIComponent(prompt)}&chat=false&max_tokens=${tokens}${settings}`;
const write = async (page, count = 1) => {
  await click("Write")(page);
  await idle(page, count);
};

// Of the served page.
const served = {
  form: { hash: question("") },
  text: { hash: question("&o.temperature=0.8&o.top_p=0.95&o.seed=1"), act: write },
  beams: { hash: question("&o.num_beams=4"), act: write },
  hover: {
    hash: question("&o.temperature=0.8&o.seed=1"),
    act: async (page) => {
      await write(page);
      await page.locator(".live-text .token").nth(4).hover();
    },
    fixed: true,
  },
  branches: {
    hash: question("&o.temperature=0.8&o.seed=1"),
    act: async (page) => {
      await write(page);
      for (const [from, at, which] of [[0, 3, 0], [0, 8, 1], [1, 5, 0]]) {
        const count = await page.locator(".attempt").count();
        await page.locator(".attempt").nth(from).locator(".token").nth(at).click();
        await page.locator(".attempt").nth(from).locator(".branch button").nth(which).click();
        await idle(page, count + 1);
      }
    },
  },
  "what-if": {
    hash: question("&o.temperature=0.8&o.seed=1"),
    act: async (page) => {
      await write(page);
      await page.getByLabel("temperature, exact").fill("1.8");
      await page.getByLabel("temperature, exact").press("Enter");
    },
  },
  "side-by-side": {
    hash: question(""),
    act: async (page) => {
      await page.getByRole("button", { name: "All strategies" }).click();
      await idle(page, 8);
    },
  },
  map: {
    hash: question(""),
    act: async (page) => {
      await page.getByRole("button", { name: "Map of what may follow" }).click();
      await page.getByRole("button", { name: "Look further" }).waitFor();
    },
  },
  options: { hash: question("&o.num_beams=4"), act: (page) => page.getByText(/^all \d+ options$/).click() },
  refused: {
    hash: question("&o.num_beam=4"),
    act: write,
    refused: true,
  },
  dropped: {
    hash: question(""),
    act: async (page) => {
      const text = [" The", " lamp", " was", " lit", "."];
      const told = (token, p) => ({ token, logprob: Math.log(p), bytes: [...Buffer.from(token)] });
      const content = text.map((token, i) => ({ ...told(token, 0.5 - 0.08 * i), top_logprobs: [told(token, 0.5 - 0.08 * i), told(" sea", 0.2), told(" <b>", 0.05)] }));
      const answer = JSON.stringify({ model: "another", choices: [{ index: 0, logprobs: { content } }] });
      await page.locator("input[type=file]").setInputFiles({ name: "answer.json", mimeType: "application/json", buffer: Buffer.from(answer) });
      await page.locator("h1", { hasText: "another" }).waitFor();
    },
  },
};
for (const lesson of ["greedy", "sampling", "beam search", "diverse beams", "contrastive search", "contrastive decoding", "DoLa", "speculative"]) {
  served[`learn ${lesson}`] = {
    hash: question(""),
    act: async (page) => {
      await click(lesson)(page);
      await click("Run an example")(page);
      await idle(page, 1);
    },
  };
}

// ---- the looking

const faults = [];
const isWanted = (name) => wanted.length === 0 || wanted.some((each) => name === each || name.startsWith(`${each}.`));

function dataOf(name) {
  const path = join(folder, "data", name);
  if (existsSync(path)) return readFileSync(path, "utf8");
  let text;
  if (made[name]) text = made[name]();
  else if (data[name][0] === "run") text = execFileSync(program, data[name], { maxBuffer: 1 << 30, stdio: ["ignore", "pipe", "pipe"] }).toString();
  else {
    const page = join(folder, "data", `${name}.html`);
    execFileSync(program, [...data[name].slice(0, 1), "--html", page, ...data[name].slice(1)], { stdio: "ignore" });
    text = /id="data">(.*?)<\/script>/s.exec(readFileSync(page, "utf8"))[1];
  }
  writeFileSync(path, text);
  return text;
}

const escapes = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029" };

function reportOf(name) {
  const path = join(folder, "data", `${name}.page.html`);
  const text = dataOf(name).replace(/[<>&\u2028\u2029]/g, (each) => escapes[each]);
  writeFileSync(path, readFileSync(ownPage, "utf8").replace("@DATA@", () => text));
  return pathToFileURL(path).href;
}

async function look(page, name, fixed) {
  const told = (found, where) => found.map((each) => `${where}: ${each}`);
  for (const width of [1280, 420]) {
    await page.setViewportSize({ width, height: 900 });
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForTimeout(100);
      await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`), fullPage: !fixed });
    }
    const wide = await overflow(page);
    if (wide > 0) faults.push(`${name} at ${width}: ${wide} pixels wider than the window`);
    faults.push(...told([...(await cutWords(page)), ...(await coveredLabels(page))], `${name} at ${width}`));
  }
  faults.push(...told(await oddWords(page), name));
  await page.setViewportSize({ width: 1280, height: 900 });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    if (!/ten-thousand/.test(name)) faults.push(...told(await findings(page), `${name}, ${colorScheme}`)); // axe would look at each token
  }
}

async function opened(context, name) {
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  page.on("pageerror", (error) => faults.push(`${name}: ${error.message}`));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(`${name}: ${message.text()}`));
  return page;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });

async function attempt(name, doIt) {
  const before = faults.length;
  try {
    await doIt();
  } catch (error) {
    faults.push(`${name}: ${String(error).split("\n").slice(0, 3).join(" ")}`);
  }
  console.log(`${name}${faults.length > before ? `: ${faults.length - before} faults` : ""}`);
}

for (const [report, all] of Object.entries(views)) {
  for (const [view, { hash = "", act }] of Object.entries(all)) {
    const name = view === "" ? report : `${report}.${view}`;
    if (!isWanted(name)) continue;
    await attempt(name, async () => {
      const page = await opened(context, name);
      await page.goto(`${reportOf(report)}${hash && `#${hash}`}`);
      await page.waitForSelector("#page h1");
      if (act) await act(page);
      await look(page, name, view === "hover" || report === "ten-thousand");
      await page.close();
    });
  }
}

if (Object.keys(served).some((view) => isWanted(`served.${view}`))) {
  const { address, stop } = await serve(program, model);
  try {
    for (const [view, { hash, act, fixed, refused }] of Object.entries(served)) {
      const name = `served.${view.replaceAll(" ", "-")}`;
      if (!isWanted(name)) continue;
      await attempt(name, async () => {
        const before = faults.length;
        const page = await opened(context, name);
        await serveInstead(page, ownPage);
        await go(page, address, hash);
        if (act) await act(page);
        await look(page, name, fixed);
        if (refused) faults.splice(before, faults.length - before, ...faults.slice(before).filter((fault) => !/status of 400/.test(fault)));
        await page.close();
      });
    }
  } finally {
    stop();
  }
}
await browser.close();
for (const fault of faults) console.error(fault);
console.log(`${faults.length} faults; pictures in ${folder}`);
process.exit(faults.length > 0 ? 1 : 0);
