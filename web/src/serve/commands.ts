// A request as others would make it.

import type { Json } from "../data/json.ts";

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export function asCurl(body: Json, origin: string): string {
  return `curl ${origin}/v1/${body.messages ? "chat/" : ""}completions -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

export function asDecant(body: Json, prompt: string): string {
  const flags = Object.entries(body).filter(([name]) => !["model", "prompt", "messages"].includes(name));
  const said = flags.map(([name, value]) => {
    const flag = name === "max_tokens" ? "max-new-tokens" : name.replaceAll("_", "-");
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return ` --${flag} ${/^[\w.:,+-]+$/.test(text) ? text : quoted(text)}`;
  });
  return `decant run${body.messages ? "" : " --no-chat-template"}${said.join("")} ${quoted(prompt)}`;
}

const python = (value: unknown): string => JSON.stringify(value).replace(/^true$/, "True").replace(/^false$/, "False");

// OpenAI's client, in Python: what is not its own goes in extra_body.
export function asPython(body: Json, origin: string): string {
  const own = ["model", "prompt", "messages", "max_tokens", "temperature", "top_p", "seed", "stop", "n", "presence_penalty", "frequency_penalty"];
  const parts = Object.entries(body).filter(([name]) => own.includes(name)).map(([name, value]) => `${name}=${python(value)}`);
  const more = Object.entries(body).filter(([name]) => !own.includes(name));
  if (more.length > 0) parts.push(`extra_body={${more.map(([name, value]) => `"${name}": ${python(value)}`).join(", ")}}`);
  const call = body.messages ? "chat.completions" : "completions";
  return `import openai\nclient = openai.OpenAI(base_url="${origin}/v1", api_key="none")\nprint(client.${call}.create(${parts.join(", ")}))`;
}
