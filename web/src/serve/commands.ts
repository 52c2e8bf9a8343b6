// A request as others would make it.

import type { Json } from "../data/json.ts";

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const envelope = ["model", "prompt", "messages", "max_tokens"];
const optionsOf = (body: Json) => Object.entries(body).filter(([name]) => !envelope.includes(name));

export function asCurl(body: Json, origin: string): string {
  return `curl ${origin}/v1/${body.messages ? "chat/" : ""}completions -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

// The server tells a model's name, not where its file is: the command runs where that lies.
const fileOf = ({ model }: Json) => `-m ${word(`${String(model)}.gguf`)}`;
const word = (text: string) => (/^[\w.:,+-]+$/.test(text) ? text : quoted(text));

export function asDecant(body: Json, prompt: string): string {
  const flags = Object.entries(body).filter(([name]) => !["model", "prompt", "messages"].includes(name));
  const said = flags.map(([name, value]) => {
    const flag = name === "max_tokens" ? "max-new-tokens" : name.replaceAll("_", "-");
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return ` --${flag} ${word(text)}`;
  });
  return `decant run ${fileOf(body)}${body.messages ? "" : " --no-chat-template"}${said.join("")} ${quoted(prompt)}`;
}

const words: Readonly<Record<string, string>> = { true: "True", false: "False", null: "None" };
const python = (value: unknown): string => {
  const json = JSON.stringify(value);
  return words[json] ?? json;
};
const pythonPairs = (pairs: readonly (readonly [string, unknown])[]) => pairs.map(([name, value]) => `${name}=${python(value)}`).join(", ");

// What is not OpenAI's own goes in extra_body.
export function asOpenAi(body: Json, origin: string): string {
  const own = ["model", "prompt", "messages", "max_tokens", "temperature", "top_p", "seed", "stop", "n", "presence_penalty", "frequency_penalty"];
  const parts = [pythonPairs(Object.entries(body).filter(([name]) => own.includes(name)))];
  const more = Object.entries(body).filter(([name]) => !own.includes(name));
  if (more.length > 0) parts.push(`extra_body={${more.map(([name, value]) => `"${name}": ${python(value)}`).join(", ")}}`);
  const call = body.messages ? "chat.completions" : "completions";
  return `import openai\nclient = openai.OpenAI(base_url="${origin}/v1", api_key="none")\nanswer = client.${call}.create(${parts.join(", ")})\nprint(*[choice.${body.messages ? "message.content" : "text"} for choice in answer.choices], sep="\\n")\n`;
}

// Options that ask for sampling, where nothing else says how to decode.
const sampling = ["temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "do_sample"];
const samples = (body: Json) => sampling.some((name) => body[name] !== undefined) && body.penalty_alpha === undefined && body.temperature !== 0;

// Names that generate() of transformers has with the same meaning.
const huggingFace = new Set([
  "num_beams", "num_beam_groups", "diversity_penalty", "length_penalty", "early_stopping", "num_return_sequences", "penalty_alpha", "dola_layers",
  "temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty", "encoder_repetition_penalty",
  "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "min_length", "min_new_tokens", "forced_bos_token_id", "forced_eos_token_id",
  "suppress_tokens", "begin_suppress_tokens", "remove_invalid_values", "renormalize_logits", "guidance_scale", "prompt_lookup_num_tokens", "stop_strings",
]);

export function asTransformers(body: Json, prompt: string): string {
  const given = optionsOf(body);
  const known = given.filter(([name]) => huggingFace.has(name));
  const other = given.filter(([name]) => !huggingFace.has(name) && name !== "seed" && name !== "do_sample").map(([name]) => name);
  if (samples(body)) known.unshift(["do_sample", true]);
  const text = body.messages
    ? `tokenizer.apply_chat_template([{"role": "user", "content": ${python(prompt)}}], add_generation_prompt=True, return_tensors="pt", return_dict=True)`
    : `tokenizer(${python(prompt)}, return_tensors="pt")`;
  return [
    "from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed",
    'name = "THE/MODEL"  # that the GGUF file was made from',
    "tokenizer, model = AutoTokenizer.from_pretrained(name), AutoModelForCausalLM.from_pretrained(name)",
    ...(body.seed === undefined ? [] : [`set_seed(${python(body.seed)})  # other noise than decant's: another draw of the same distribution`]),
    `inputs = ${text}`,
    `outputs = model.generate(**inputs, ${pythonPairs([["max_new_tokens", body.max_tokens ?? 256], ...known])})`,
    'print(tokenizer.batch_decode(outputs[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True))',
    ...(other.length === 0 ? [] : [`# generate() has no: ${other.join(", ")}`]),
    "",
  ].join("\n");
}

const llamaFlags: Readonly<Record<string, string>> = {
  temperature: "--temp", top_k: "--top-k", top_p: "--top-p", min_p: "--min-p", typical_p: "--typical", seed: "--seed",
  repetition_penalty: "--repeat-penalty", frequency_penalty: "--frequency-penalty", presence_penalty: "--presence-penalty", penalty_last_n: "--repeat-last-n",
  dry_multiplier: "--dry-multiplier", dry_base: "--dry-base", dry_allowed_length: "--dry-allowed-length", dry_penalty_last_n: "--dry-penalty-last-n",
  xtc_probability: "--xtc-probability", xtc_threshold: "--xtc-threshold", top_n_sigma: "--top-nsigma", dynatemp_range: "--dynatemp-range",
  dynatemp_exponent: "--dynatemp-exp", grammar: "--grammar", json_schema: "--json-schema",
};

// The penalties of decant see the whole text. llama.cpp's see so many tokens, and it takes no -1 for all of them.
const windows = { penalty_last_n: ["repetition_penalty", "frequency_penalty", "presence_penalty"], dry_penalty_last_n: ["dry_multiplier"] };
const wholeText = 4096;

// A talk is llama-cli's, which writes nothing but talks; a raw prompt is llama-completion's, of the same folder. Their own
// defaults cut with top_k 40, top_p 0.95 and min_p 0.05: what decant does not set is switched off.
export function asLlamaCpp(body: Json, prompt: string): string {
  const settings: Record<string, unknown> = samples(body) ? { temperature: 1, top_k: 50, top_p: 1, min_p: 0 } : { temperature: 0 };
  const given = optionsOf(body).filter(([name]) => name !== "do_sample");
  for (const [name, value] of given) if (llamaFlags[name] !== undefined) settings[name] = value;
  for (const [window, penalties] of Object.entries(windows)) {
    if (Number(settings[window] ?? -1) >= 0) continue;
    delete settings[window];
    if (penalties.some((name) => settings[name] !== undefined)) settings[window] = wholeText;
  }
  const flags = Object.entries(settings).map(([name, value]) => ` ${llamaFlags[name]} ${word(String(value))}`);
  const other = given.map(([name]) => name).filter((name) => llamaFlags[name] === undefined);
  const [program, mode] = body.messages ? ["llama-cli", "-st"] : ["llama-completion", "-no-cnv --no-display-prompt"];
  const rest = other.length === 0 ? "" : `  # ${program} has no: ${other.join(", ")}`;
  return `${program} ${fileOf(body)} ${mode} -n ${String(body.max_tokens ?? 256)}${flags.join("")} -p ${quoted(prompt)}${rest}`;
}
