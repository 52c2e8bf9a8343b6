// Why this token and no other, in a sentence, for every strategy.

import { decodingWhy, dolaWhy, searchSentence } from "./contrast/words.ts";
import type { Candidate, Decision } from "./data/record.ts";
import { pathTo, type Branch, type Search } from "./data/search.ts";
import { spelled } from "./data/spelling.ts";
import type { Token } from "./data/token.ts";
import { counted, fixed, probability, whole } from "./format.ts";
import { speculationSentence } from "./speculation/words.ts";
import type { State } from "./state.ts";
import { rerank } from "./tree/ranking.ts";
import { chance } from "./tree/words.ts";

const quoted = (token: Token) => `“${spelled(token, 40)}”`;
const nearTie = 1.05; // times as likely as the second: rounding may decide

// `view`: which sentence is said elsewhere.
export function why(state: State, view: string): string {
  const decision = state.decision.value;
  const { contrast, speculative, race, token } = decision;
  if (contrast?.kind === "contrastive_search") return searchSentence(contrast, state.contrast.taken.value);
  if (contrast?.kind === "contrastive_decoding" && decision.score !== null) return decodingWhy(contrast, token, race !== null);
  if (contrast?.kind === "dola" && decision.score !== null) return dolaWhy(contrast, token, race !== null);
  if (state.current.value.search !== null) return searched(state, state.current.value.search);
  const own = race !== null ? drawn(decision) : likeliest(decision);
  return speculative === null || view === "speculative" ? own : `${speculationSentence(speculative, token.id)} ${own}`;
}

// "“ a” is the likeliest, ahead of “ the” (0.0441)."
function likeliest({ token, top, p, pRaw }: Decision): string {
  const others = top.filter(({ id, p }) => id !== token.id && p > 0);
  const second = others.reduce<Candidate | null>((best, each) => (best === null || each.p > best.p ? each : best), null);
  const first = top.reduce<Candidate | null>((best, each) => (best === null || each.logit > best.logit ? each : best), null);
  const overruled = first !== null && first.id !== token.id && first.logit > -Infinity;
  const because = overruled
    ? ` The model by itself would have taken ${quoted(first)}, which ${first.cutBy ?? "the processors"} ${first.cutBy ? "removed" : "held back"}.`
    : "";
  if (second === null) return `${quoted(token)} was all that was left.${because}`;
  if (p < second.p) return `${quoted(token)} was given: the likeliest was ${quoted(second)} (${probability(second.p)}).`;
  const close = p < second.p * nearTie ? " That is nearly a tie: other hardware may decide otherwise." : "";
  const model = Math.abs(p - pRaw) > 5e-5 && !overruled ? ` (the model: ${probability(pRaw)})` : "";
  return `${quoted(token)} is the likeliest${model}, ahead of ${quoted(second)} (${probability(second.p)}).${because}${close}`;
}

// "Of 37 tokens that were left the draw took “ small”: its noise carried it past “ horizon” (0.1738)."
function drawn({ token, race, kept, top, rank }: Decision): string {
  const [winner, second] = race ?? [];
  if (!winner || kept === 1) return `${quoted(token)} was all that was left to draw from.`;
  const lead = second ? winner.score + winner.noise - second.score - second.noise : NaN;
  const by = second ? `, ${fixed(lead, 2)} ahead of ${quoted(second)}` : "";
  const likely = top.find(({ p }) => p === Math.max(...top.map((each) => each.p)));
  const how =
    rank <= 1 || !likely || likely.id === token.id
      ? "it was the likeliest, and its noise kept it in front"
      : `its noise (${fixed(winner.noise, 2)}) carried it past the likeliest, ${quoted(likely)} (${probability(likely.p)})`;
  return `Of ${counted(kept, "token")} that were left the draw took ${quoted(token)}: ${how}${by}.`;
}

// What the choice led to, against the best that another choice here led to.
function searched(state: State, search: Search): string {
  const { token, rank, p } = state.decision.value;
  const branch = state.tree.at.value;
  if (branch === null || branch.token.id !== token.id) return "";
  const ranking = rerank(search.ended, state.tree.lengthPenalty.value);
  const best = (wanted: (path: readonly Branch[]) => boolean) => ranking.find(({ ended }) => wanted(pathTo(ended.end)));
  const own = best((path) => path.includes(branch));
  const other = best((path) => path.some((each) => each !== branch && each.parent === branch.parent && each.depth === branch.depth));
  const place = branch.lane === null ? "" : `; among the beams it stood at place ${branch.lane + 1}`;
  const held = search.steps[branch.step]!.branches.find((each) => each.group === branch.group && each.parent === branch.parent && each.penalty !== null && chance(each) > p);
  const lowered = held ? ` ${quoted(held.token)} (${probability(chance(held))}) lost ${fixed(held.penalty!, 2)}, for earlier groups had taken it.` : "";
  const here = rank === 1 ? `${quoted(token)} is the likeliest here (${probability(p)})` : `${quoted(token)} is only number ${whole(rank)} here (${probability(p)})`;
  if (!own) return `${here}${place}.${lowered}`;
  const otherBranch = other && pathTo(other.ended.end).find((each) => each.parent === branch.parent && each.depth === branch.depth);
  const against = otherBranch
    ? `the best through ${quoted(otherBranch.token)} with ${fixed(other.normalized, 3)}`
    : "no other choice here led to a text that ended";
  return `${here}${place}.${lowered} The best text through it ended with a score of ${fixed(own.normalized, 3)}, ${against}.`;
}
