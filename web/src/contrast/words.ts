// What the views of the contrast strategies say, in words.

import type { ContrastiveDecoding, ContrastiveSearch, Dola, Layer } from "../data/contrast.ts";
import type { Token } from "../data/token.ts";
import { inert } from "../data/glyphs.ts";
import { spelled } from "../data/spelling.ts";
import { fixed, probability } from "../format.ts";
import { outcome } from "./unmasked.ts";

const quoted = (token: Token) => `“${spelled(token, 40)}”`;
export const short = (x: number) => String(Number(x.toFixed(4))).replace("-", "−");
const likely = (p: number) => probability(p).replace("-", "−"); // no line end inside
const chance = (log: number) => likely(Math.exp(log));

export function searchSentence({ candidates }: ContrastiveSearch, taken: number | null): string {
  const chosen = taken === null ? undefined : candidates[taken];
  if (!chosen) return "The chosen token is not among the candidates.";
  const first = candidates[0]!;
  if (chosen === first) {
    const least = candidates.every(({ similarity }) => similarity >= chosen.similarity);
    return `${quoted(chosen)} is the likeliest and stayed first${least ? ": it is also the least like the text so far" : ""}.`;
  }
  return (
    `${quoted(chosen)} (probability ${probability(chosen.p)}) was chosen over ${quoted(first)} (${probability(first.p)}), ` +
    `which is more like the text so far: similarity ${fixed(first.similarity, 3)} against ${fixed(chosen.similarity, 3)}.`
  );
}

export function decodingFormula({ form, lambda, beta, tau }: ContrastiveDecoding): string {
  const divided = tau === 1 ? "" : ` (temperature ${short(tau)})`;
  if (form === "logits") return `score = ${short(1 + (beta ?? 0))} × expert's logit − ${short(beta ?? 0)} × amateur's${divided}`;
  const times = (lambda ?? 1) === 1 ? "" : `${short(lambda!)} × `;
  return `score = expert's log-probability − ${times}amateur's${divided}`;
}

export function decodingSentence(contrast: ContrastiveDecoding, sampled: boolean): string {
  const found = outcome(contrast);
  if (found === null) return "";
  const { free, kept } = found;
  if (free.score !== null) return `Without the mask the highest score would be the same, that of ${quoted(free)}.`;
  const why = free.fate === "top_k" ? "it is not among the expert's top_k best" : `the line is at ${probability(contrast.threshold)}`;
  return (
    `Without the mask ${quoted(free)} would have ${sampled ? "the highest score" : "won"}, with ${fixed(free.contrast, 2)}` +
    `${kept ? ` against ${fixed(kept.contrast, 2)} of ${quoted(kept)}` : ""}: ` +
    `the expert gives it only ${chance(free.expert)}, the amateur ${free.amateur < free.expert ? "still less, " : ""}${chance(free.amateur)}; ${why}.`
  );
}

// "“ you” has the highest score, 23.32: the expert gives it 0.0839, the amateur 6e-12. ..."
export function decodingWhy({ candidates, plausible }: ContrastiveDecoding, token: Token, sampled: boolean): string {
  const chosen = candidates.find(({ id }) => id === token.id);
  if (!chosen || chosen.score === null) return `${quoted(token)} was chosen, but its score was not recorded.`;
  const what = sampled ? "was drawn by its score" : "has the highest score";
  const of = Number.isNaN(plausible) || sampled ? "" : ` of the ${plausible} plausible tokens`;
  const own = `${quoted(token)} ${what}${of}, ${fixed(chosen.score, 2)}: the expert gives it ${chance(chosen.expert)}, the amateur ${chance(chosen.amateur)}.`;
  const first = candidates.reduce((best, each) => (each.expert > best.expert ? each : best));
  if (first === chosen) return `${own} It is the expert's likeliest, too.`;
  return `${own} The expert's likeliest, ${quoted(first)} (${chance(first.expert)}), scores ${fixed(first.contrast, 2)}: the amateur expects it more (${chance(first.amateur)}).`;
}

const noLanguage = 20; // nats between a layer and the final one, beyond which it does not foretell it

export function dolaWhy({ chosen, layers, candidates }: Dola, token: Token, sampled: boolean): string {
  const layer = layers.find((each) => each.layer === chosen);
  const own = candidates.find(({ id }) => id === token.id);
  if (!own || !layer) return "";
  const what = sampled ? "was drawn by how much it grew" : "grew most";
  const first = candidates.reduce((best, each) => (each.final > best.final ? each : best));
  const grew = `${quoted(token)} ${what} from layer ${chosen} to the end: ${fixed(own.final - own.premature, 2)} nats, to ${chance(own.final)}.`;
  const other = first === own ? " It is the model's likeliest, too." : ` The model's likeliest, ${quoted(first)} (${chance(first.final)}), grew ${fixed(first.final - first.premature, 2)}.`;
  const far =
    layer.divergence > noLanguage
      ? ` At ${fixed(layer.divergence, 0)} nats from the end layer ${chosen} says nothing yet${layer.top[0] ? ` (its likeliest is ${quoted(layer.top[0])})` : ""}: what is subtracted is mostly noise, as in small models.`
      : "";
  return grew + other + far;
}

export function fateWords(fate: string): string {
  if (fate === "implausible") return "below line";
  return fate === "top_k" ? "beyond top_k" : inert(fate);
}

export function layerName(layer: number | null): string {
  return layer === null ? "final layer" : `layer ${layer}`;
}

export function dolaSentence({ chosen, layers, final }: Dola, token: Token): string {
  const layer = layers.find((each) => each.layer === chosen);
  if (!layer) return "";
  const why =
    layers.length === 1
      ? `Layer ${chosen} is the only candidate`
      : `Of ${layers.length} layers, layer ${chosen} is the furthest from the final one (${fixed(layer.divergence, 2)} nats)`;
  const then = Number.isNaN(layer.p) ? "" : ` There ${quoted(token)} had probability ${likely(layer.p)}, in the end ${likely(final.p)}.`;
  return `${why} and was subtracted.${then}`;
}

// "layer 17, token “ the”: divergence 0.31 nats, “ a” 0.52, “ the” 0.11"
export function cellWords(layer: Layer | null, chosen: number | null, token: Token): string {
  if (layer === null) return `token ${quoted(token)}: no candidate layer`;
  const subtracted = layer.layer !== null && layer.layer === chosen ? ", subtracted" : "";
  const distance = layer.layer === null || Number.isNaN(layer.divergence) ? "" : `divergence ${fixed(layer.divergence, 2)} nats; `;
  const top = layer.top.map((each) => `${quoted(each)} ${probability(each.p)}`).join(", ");
  return `${layerName(layer.layer)}${subtracted}, token ${quoted(token)}: ${distance}${top}; the token's own ${probability(layer.p)}`;
}
