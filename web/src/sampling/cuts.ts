// The truncations, with the engine's boundary rules (which are Hugging Face's): see src/processors/.

import { BeyondTrace, type Survivors } from "./survivors.ts";

export type Cut = (tokens: Survivors, value: number, minTokensToKeep: number) => Survivors;

// The k best, and what ties with the k-th.
export const topK: Cut = (tokens, value, least) => {
  const k = Math.max(value, least);
  if (k >= tokens.count) return tokens;
  if (k > tokens.certain) throw new BeyondTrace(`top_k ${value} keeps tokens that the record does not list`);
  const last = tokens.ranked[k - 1]!.score;
  return tokens.keep(({ score }) => score >= last);
};

// A token goes if those ranked before it reach p without it. Probabilities are added as float32, so that .5 + .25
// reaches .75.
export const topP: Cut = (tokens, p, least) => {
  const { total, certain, ranked } = tokens;
  let before = 0;
  let n = 0;
  for (; n < tokens.count && (n < least || before < p); ++n) {
    if (n === certain) throw new BeyondTrace(`top_p ${p} cuts among tokens that the record does not list`);
    before += Math.fround(ranked[n]!.weight / total);
  }
  return n === tokens.count ? tokens : tokens.keep((_, rank) => rank < n);
};

// At least min_p times as likely as the likeliest.
export const minP: Cut = (tokens, minimum, least) => {
  const threshold = Math.fround(tokens.best + Math.log(minimum));
  if (tokens.rest !== null && (threshold <= tokens.rest.bound || least > tokens.certain)) {
    throw new BeyondTrace(`min_p ${minimum} cuts among tokens that the record does not list`);
  }
  return tokens.keep(({ score }, rank) => score >= threshold || rank < least);
};

// The tokens whose scores are nearest to the expected one, until they have the mass, and what is as near as the last.
// They are neighbours in the ranking, found from the expected score outwards.
export const typicalP: Cut = (tokens, mass, least) => {
  const { ranked, certain, rest, total, expected } = tokens;
  const beyond = () => new BeyondTrace(`typical_p ${mass} cuts among tokens that the record does not list`);
  const distance = (i: number): number => {
    if (i < 0) return Infinity;
    if (i < certain) return Math.abs(ranked[i]!.score - expected);
    return rest === null ? Infinity : expected - rest.bound; // at least
  };
  let end = ranked.findIndex(({ score }) => score < expected);
  if (end < 0 || end > certain) end = certain;
  if (rest !== null && rest.bound >= expected) throw beyond();
  let begin = end;
  let reached = 0;
  let farthest = 0;
  for (let n = 0; ; ++n) {
    const above = distance(begin - 1);
    const below = distance(end);
    const nearest = Math.min(above, below);
    const unlisted = above > below && end === certain;
    if (reached < mass) farthest = nearest;
    else if ((nearest > farthest || unlisted) && n >= least) break;
    if (nearest === Infinity) break;
    if (unlisted) throw beyond();
    const taken = above <= below ? --begin : end++;
    reached += Math.fround(ranked[taken]!.weight / total);
  }
  return begin === 0 && end === tokens.count ? tokens : tokens.keep((_, rank) => begin <= rank && rank < end);
};
