// A server of decant for tests in Chromium, on a port of its own.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export async function serve(program, model) {
  const server = spawn(program, ["serve", "-m", model, "-t", "1", "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise((found, lost) => {
    server.on("exit", lost);
    createInterface({ input: server.stderr }).on("line", (line) => {
      const match = /http:\/\/\S+/.exec(line);
      if (match) found(match[0]);
    });
  });
  const stop = () => {
    server.removeAllListeners("exit");
    server.kill();
  };
  return { address, stop };
}

// Another page in place of the program's own, so that work on it needs no build.
export async function serveInstead(page, path) {
  const body = readFileSync(path, "utf8").replace("@DATA@", '{"serve":true}').replace("default-src 'none'", "default-src 'none'; connect-src 'self'");
  const headers = { "Content-Type": "text/html", "Content-Security-Policy": "require-trusted-types-for 'script'" };
  await page.route((url) => url.pathname === "/", (route) => route.fulfill({ body, headers }));
}

// Until so many texts are there, and none is being written.
export const idle = (page, count) => page.waitForFunction((n) => document.querySelectorAll(".attempt").length === n && !document.querySelector(".caret"), count);

export async function go(page, address, hash) {
  await page.goto("about:blank");
  await page.goto(`${address}/${hash}`);
  await page.waitForFunction(() => document.querySelector("select")?.value);
}
