// What the page copies as Hugging Face and as llama.cpp, run: node tests/server/copies_check.mjs PROGRAM MODEL PYTHON LLAMA_CPP
// MODEL is an F32 file of Llama's kind, PYTHON one with torch and transformers 4.55, LLAMA_CPP the folder with llama-cli and
// llama-completion of the pinned llama.cpp. What chooses the likeliest must write decant's text; what draws must run.
// Not in make test, which has neither.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const source = new URL("../../web/src/serve/commands.ts", import.meta.url).pathname;
const { outputFiles } = require("esbuild").buildSync({ entryPoints: [source], bundle: true, format: "esm", write: false });
const { asDecant, asLlamaCpp, asTransformers } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);

const [program, model, python, llama] = process.argv.slice(2).map((path) => resolve(path));
const folder = mkdtempSync(join(tmpdir(), "decant-copies-"));
const cwd = dirname(model);
const run = (file, ...args) => execFileSync(file, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 300_000 });
const shell = (command) => run("bash", "-c", `PATH='${llama}':$PATH; decant() { '${program}' "$@"; }; ${command}`);

const raw = { prompt: "", max_tokens: 16 };
const talk = { messages: [{}], max_tokens: 16 };
const prompt = `It's a "test" of $HOME:`;
const question = "What is the capital of Japan?";

function written(command) {
  const text = shell(command);
  if (!command.startsWith("llama-cli")) return text.replace(/ ?\[end of text\]\s*$/, "").trim();
  return text.split(`> ${question}`)[1].split("[ Prompt:")[0].trim();
}

function check(form, others, body, asked, exact = true) {
  const whole = { model: basename(model, ".gguf"), ...body };
  const text = others(whole, asked);
  assert.ok(text.trim().length > 3, JSON.stringify(whole));
  if (exact) assert.equal(text, shell(asDecant(whole, asked)).trim(), JSON.stringify(whole));
  console.log(`${form} ${JSON.stringify(body)}: ${exact ? "decant's text" : "runs"}`);
}

function transformers(body, asked) {
  const texts = run(python, "-c", asTransformers(body, asked).replace('"THE/MODEL"', JSON.stringify(folder)));
  return run(python, "-c", `print(*${texts.trim()}, sep="\\n")`).trim();
}

try {
  run(python, "-c", `import transformers, torch
where = dict(pretrained_model_name_or_path=".", gguf_file="${basename(model)}")
tokenizer = transformers.AutoTokenizer.from_pretrained(**where)
tokenizer.add_bos_token = False  # which the file says, and the reader of such files overlooks
tokenizer.save_pretrained("${folder}")
transformers.AutoModelForCausalLM.from_pretrained(**where, torch_dtype=torch.float32).save_pretrained("${folder}")`);
  for (const body of [raw, { ...raw, num_beams: 3 }, { ...raw, penalty_alpha: 0.6, top_k: 4 }, { ...raw, repetition_penalty: 1.3 }, { ...raw, dola_layers: "low" },
    { ...raw, no_repeat_ngram_size: 2, dry_multiplier: 0 }]) check("Hugging Face", transformers, body, prompt);
  check("Hugging Face", transformers, talk, question);
  check("Hugging Face", transformers, { ...raw, temperature: 0.8, top_p: 0.9, seed: 5 }, prompt, false);

  const cpp = (body, asked) => written(asLlamaCpp(body, asked));
  for (const body of [raw, { ...raw, repetition_penalty: 1.3 }, { ...raw, presence_penalty: 1, num_beams: 1 }]) check("llama.cpp", cpp, body, prompt);
  check("llama.cpp", cpp, talk, question);
  check("llama.cpp", cpp, { ...raw, temperature: 0.8, top_p: 0.9, dry_multiplier: 0.8, seed: 5 }, prompt, false);
  check("llama.cpp", cpp, { ...talk, temperature: 0.8, seed: 5 }, question, false);
} finally {
  rmSync(folder, { recursive: true });
}
