// The traces of the tests, and small ones to build.

import { readFileSync } from "node:fs";
import { join } from "node:path";

declare const WEB: string; // the folder of the page's sources, set when the tests are bundled

export const web = WEB;

export function fixture(name: string): string {
  return readFileSync(join(WEB, "tests/fixtures", `${name}.jsonl`), "utf8");
}

export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("hex");
}

export interface TokenJson {
  id: number;
  bytes: string;
  text: string;
  piece: string;
}

export function token(id: number, text: string): TokenJson {
  return { id, bytes: bytesOf(text), text, piece: text.replaceAll(" ", "Ġ") };
}

// A token that is no text by itself.
export function rawToken(id: number, bytes: string): TokenJson {
  return { id, bytes, text: "\ufffd".repeat(bytes.length > 0 ? 1 : 0), piece: bytes === "" ? "" : `<${bytes}>` };
}

export const header = {
  model: "toy",
  strategy: "sample",
  options: { temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1, seed: 7 },
  prompt_ids: [1, 2],
  prompt_text: "Once upon",
};

// A record in which `chosen` is the likeliest of the candidates.
export function record(t: number, chosen: TokenJson, others: TokenJson[] = [], more: object = {}): object {
  const top = [chosen, ...others].map((each, i) => ({ ...each, logit: 5 - i, score: 5 - i, cut_by: null }));
  const total = top.reduce((sum, { logit }) => sum + Math.exp(logit), 0);
  const p = top.map(({ logit }) => Math.exp(logit) / total);
  const entropy = p.reduce((sum, each) => sum - each * Math.log2(each), 0);
  return {
    schema: 3,
    seq: 0,
    t,
    token: chosen,
    logit: 5,
    p_raw: p[0],
    p: p[0],
    rank: 1,
    race: [{ ...chosen, score: Math.log(p[0]!), noise: 2 }, ...others.slice(0, 1).map((each) => ({ ...each, score: Math.log(p[1]!), noise: 0 }))],
    logsumexp: Math.log(total),
    tail_mass: 0,
    entropy,
    entropy_raw: entropy,
    kept: top.length,
    finish: null,
    stages: [],
    top: top.map((each, i) => ({ ...each, p: p[i] })),
    tail: { logit: [], count: [] },
    seconds: 0.02 * t,
    ...more,
  };
}

export function lines(records: readonly object[], run: object = header): string {
  return records.map((each, i) => JSON.stringify(i === 0 ? { run, ...each } : each)).join("\n") + "\n";
}
