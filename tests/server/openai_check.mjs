// The official npm package against a server: openai_check.mjs FOLDER_OF_NODE_MODULES PROGRAM MODEL
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, program, model] = process.argv.slice(2);
const OpenAI = createRequire(`${folder}/`)("openai").default;
const server = spawn(program, ["serve", "-m", model, "-t", "1", "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
const url = await new Promise((found) =>
  createInterface({ input: server.stderr }).on("line", (line) => {
    const at = line.match(/http:\S+/);
    if (at) found(at[0]);
  }));
try {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  const name = (await client.models.list()).data[0].id;
  const wish = { model: name, messages: [{ role: "user", content: "What is the capital of France?" }], max_tokens: 16, num_beams: 2 };
  const whole = await client.chat.completions.create(wish);
  assert.match(whole.choices[0].message.content, /Paris/);
  let text = "";
  for await (const chunk of await client.chat.completions.create({ ...wish, stream: true })) text += chunk.choices[0]?.delta?.content ?? "";
  assert.equal(text, whole.choices[0].message.content);
  const runner = client.chat.completions.stream(wish);
  assert.equal((await runner.finalChatCompletion()).choices[0].message.content, text);
  const completion = { model: name, prompt: "The capital of France is", max_tokens: 8, logprobs: 2 };
  const one = await client.completions.create(completion);
  assert.equal(one.choices[0].logprobs.tokens.join(""), one.choices[0].text);
  await assert.rejects(client.completions.create({ ...completion, temperature: -1 }), (error) => {
    assert(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "temperature");
    return true;
  });
  const going = new AbortController();
  const stream = await client.chat.completions.create({ ...wish, max_tokens: 400, stream: true }, { signal: going.signal });
  await assert.rejects(async () => {
    for await (const chunk of stream) if (chunk) going.abort();
    throw new Error("aborted");
  });
  console.log("openai (npm): chat, streams, a runner, completions, errors, an abort");
} finally {
  server.kill("SIGTERM");
}
