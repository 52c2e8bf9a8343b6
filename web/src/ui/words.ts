// What a step's pictures say, in words: for those who do not see them, and as their labels.

import { spelled } from "../data/spelling.ts";
import type { Token } from "../data/token.ts";
import { fixed, probability, whole } from "../format.ts";
import type { Picture } from "../picture.ts";
import type { State } from "../state.ts";

export function quoted(token: Token): string {
  return `“${spelled(token, 40)}”`;
}

export function summary(state: State): string {
  const { token, p, pRaw, score, rank, race, kept, entropy } = state.decision.value;
  const how = race === null ? "was chosen" : "was drawn";
  const own = score === null && Math.abs(p - pRaw) > 5e-5 ? ` (the model's own: ${probability(pRaw)})` : "";
  const what = `${score === null ? "" : `score ${fixed(score, 2)}, `}probability ${probability(p)}${own}, rank ${whole(rank)}${Number.isNaN(entropy) ? "" : `; ${figures(kept, entropy)}`}.`;
  return `${quoted(token)} ${how} with ${what}${otherwise(state)}`;
}

function otherwise(state: State): string {
  if (state.replayed.value === null || typeof state.replayed.value === "string") return "";
  const { rows, wing } = state.picture.value;
  const cell = rows.find(({ chosen }) => chosen)?.cell;
  const p = cell ? `probability ${probability(cell.p)}, ` : "";
  return ` With your settings: ${p}${figures(wing.kept, wing.entropy)}.`;
}

function figures(kept: number, entropy: number): string {
  return `${whole(kept)} kept, entropy ${fixed(entropy, 2)} bits`;
}

export function cutoffLabel({ rows, cutoff, wing }: Picture): string {
  const by = rows[cutoff]?.cell?.cutBy;
  const kept = wing.kept > cutoff ? `${whole(wing.kept)} kept, ${cutoff} of them listed` : `${whole(wing.kept)} kept`;
  return by ? `${kept} · cutoff of ${by}` : kept;
}
