// Bundles the tests of a folder and runs them with node's test runner. Usage: node tests/run.mjs unit|browser [FILE...]

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [kind, ...wanted] = process.argv.slice(2);
const out = join(here, "../node_modules/.tests", kind);
rmSync(out, { recursive: true, force: true });
const files = readdirSync(join(here, kind)).filter((name) => name.endsWith(".test.ts"));
const chosen = files.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part))).sort();
await build({
  entryPoints: chosen.map((name) => join(here, kind, name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  sourcemap: "inline",
  define: { WEB: JSON.stringify(join(here, "..")) },
});
// Each file has a browser of its own; most of its time is waited for.
const workers = kind === "browser" ? 2 : 1;
const tests = chosen.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
const options = ["--enable-source-maps", "--test", `--test-concurrency=${workers}`, "--test-reporter=spec"];
process.exit(spawnSync(process.execPath, [...options, ...tests], { stdio: "inherit" }).status ?? 1);
