// Every strategy with its formula, what it is for, settings that are a good beginning, and an example that shows why one
// would want it.

export interface Setting {
  readonly name: string;
  readonly value: string;
}

export interface Example {
  readonly prompt: string;
  readonly tokens: number;
  readonly look: string; // at what
}

export interface Preset {
  readonly label: string;
  readonly formula: string;
  readonly words: string;
  readonly settings: readonly Setting[];
  readonly example: Example;
}

function preset(label: string, formula: string, words: string, settings: Readonly<Record<string, string>>, example: Example): Preset {
  return { label, formula, words, settings: Object.entries(settings).map(([name, value]) => ({ name, value })), example };
}

export const presets: readonly Preset[] = [
  preset(
    "greedy",
    "next = argmax p(v | text)",
    "Always the likeliest token. The same every time, good for facts, and soon in a circle on long texts.",
    {},
    { prompt: "The capital of France is", tokens: 24, look: "the tokens without a tint are nearly certain; where a tint begins, the model starts to guess, and soon it repeats itself" },
  ),
  preset(
    "sampling",
    "p(v) ∝ exp(z(v) / T), cut to the top_k likeliest and to the fewest with top_p of the mass;  next = argmax ln p(v) + g(v),  g = −ln(−ln u)",
    "A draw from what the cuts left, by a race: each token gets noise, the largest sum wins. T below 1 is bolder about the likely ones, above 1 about the others.",
    { temperature: "0.8", top_p: "0.95", seed: "1" },
    { prompt: "My favourite animal is", tokens: 30, look: "click a tinted token: “why” says whom its noise overtook. Then move the temperature: the tokens that the same noise would have changed light up" },
  ),
  preset(
    "beam search",
    "best text = argmax Σ ln p(token) / length^length_penalty, among num_beams texts that are kept at each step",
    "Keeps several texts alive, so a token that looks bad can pay off later. Good where one right answer is wanted, dull for stories.",
    { num_beams: "4" },
    { prompt: "Translate to French: good morning =", tokens: 16, look: "in the tree the thick line is the text that won; where it leaves the likeliest token, beam search found what greedy missed" },
  ),
  preset(
    "diverse beams",
    "score of v in group g = ln p(v) − diversity_penalty × (how many earlier groups took v at this step)",
    "Groups of beams that keep out of each other's way: answers that differ from the first word on.",
    { num_beams: "4", num_beam_groups: "2", diversity_penalty: "1", num_return_sequences: "2" },
    { prompt: "Three words for the sea:", tokens: 16, look: "each group has its band in the tree; crosses are tokens that only the penalty kept out" },
  ),
  preset(
    "contrastive search",
    "next = argmax over the top_k of (1 − α) p(v) − α max cos(h(v), h(earlier token))",
    "Likely, but not like what was said before: fluent, without circles, without chance.",
    { penalty_alpha: "0.6", top_k: "4" },
    { prompt: "The old house stood on the hill and", tokens: 40, look: "click a token that was not the likeliest: the orange bar is what the likelier ones lost for resembling the text" },
  ),
  preset(
    "contrastive decoding",
    "score(v) = ln p_expert(v) − λ ln p_amateur(v), where p_expert(v) ≥ α max p_expert",
    "What the model knows and its own weaker half does not. The amateur is a second model, or the first layers of this one.",
    { amateur: "self:15" },
    { prompt: "A lighthouse is a building that", tokens: 24, look: "tokens that both find likely lose; below the dashed line nothing counts, or nonsense would win" },
  ),
  preset(
    "DoLa",
    "score(v) = ln p_last(v) − ln p_early(v), early = the layer furthest (Jensen–Shannon) from the last",
    "Facts arrive in late layers: what grew on the way up counts. Made for large models; in one as small as this early layers say little yet.",
    { dola_layers: "high", repetition_penalty: "1.2" },
    { prompt: "The largest planet of the solar system is", tokens: 16, look: "the map has a row for each layer: watch the answer appear from below" },
  ),
  preset(
    "speculative",
    "keep guess d where the model's own race picks d as well: the text is exactly the one without guesses",
    "Somebody cheap guesses several tokens, the model checks them in one evaluation. The same text, sooner.",
    { speculate: "auto" },
    { prompt: "Repeat after me: one two three four five six. One two three four five six. One two", tokens: 32, look: "green was guessed and kept; under the text each round with what it saved" },
  ),
];

// The preset whose settings these are.
export function presetOf(settings: readonly Setting[]): Preset | null {
  const key = (all: readonly Setting[]) => all.map(({ name, value }) => `${name}=${value}`).sort().join(" ");
  return presets.find((each) => key(each.settings) === key(settings)) ?? null;
}
