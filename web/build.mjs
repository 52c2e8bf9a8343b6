// Builds dist/report.html: one file, script and style inlined and named by their hashes in the content security policy.
// The same sources give the same bytes. Usage: node build.mjs [FOLDER]

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "dist");

async function bundle(entry, options) {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src", entry)],
    absWorkingDir: here,
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    legalComments: "none",
    target: ["es2022", "chrome105", "firefox121", "safari16"],
    ...options,
  });
  return outputFiles[0].text.trim();
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = await bundle("main.tsx", { format: "iife", jsx: "automatic", jsxImportSource: "preact" });
const style = await bundle("style/report.css", {});
if (/<\/script|<!--|@DATA@/i.test(script) || /<\/style/i.test(style)) throw new Error("the bundle would end its own tag");

const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const parts = { CSP: policy, STYLE: style, SCRIPT: script };
const template = readFileSync(join(here, "src/template.html"), "utf8");
const page = template.replace(/@(CSP|STYLE|SCRIPT)@/g, (_, name) => parts[name]);
if (page.split("@DATA@").length !== 2) throw new Error("@DATA@ must stand in the page exactly once");

mkdirSync(out, { recursive: true });
writeFileSync(join(out, "report.html"), page);
