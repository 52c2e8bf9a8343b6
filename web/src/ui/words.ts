// What a step's pictures say, in words: for those who do not see them, and as their labels.

import { spelled } from "../data/spelling.ts";
import type { Stage } from "../data/record.ts";
import type { Token } from "../data/token.ts";
import { fixed, probability, whole } from "../format.ts";
import type { Picture } from "../picture.ts";
import type { State } from "../state.ts";

export function quoted(token: Token): string {
  return `“${spelled(token, 40)}”`;
}

export function summary(state: State): string {
  const { token, p, pRaw, score, rank, race, entropy, stages, contrast } = state.decision.value;
  const how = race === null ? "was chosen" : "was drawn";
  const own = score === null && Math.abs(p - pRaw) > 5e-5 ? ` (the model's own: ${probability(pRaw)})` : "";
  const what = `${score === null ? "" : `score ${fixed(score, 2)}, `}probability ${probability(p)}${own}, rank ${whole(rank)}${Number.isNaN(entropy) ? "" : `; ${figures(state.decision.value, (score !== null && contrast !== null) || cuts(stages))}`}.`;
  return `${quoted(token)} ${how} with ${what}${otherwise(state)}`;
}

function otherwise(state: State): string {
  if (state.replayed.value === null || typeof state.replayed.value === "string") return "";
  const { rows, wing } = state.picture.value;
  const cell = rows.find(({ chosen }) => chosen)?.cell;
  const p = cell ? `probability ${probability(cell.p)}, ` : "";
  return ` With your settings: ${p}${figures(wing, cuts(wing.stages))}.`;
}

function figures({ kept, entropy }: { kept: number; entropy: number }, cut: boolean): string {
  return `${cut ? `${whole(kept)} kept, ` : ""}entropy ${fixed(entropy, 2)} bits`;
}

// Whether anything was removed, so that it says something how much was kept.
export function cuts(stages: readonly Stage[]): boolean {
  return stages.some(({ removedMass }) => removedMass > 0);
}

export function cutoffLabel({ rows, cutoff, wing }: Picture): string {
  const by = rows[cutoff]?.cell?.cutBy;
  const kept = wing.kept > cutoff ? `${whole(wing.kept)} kept, ${cutoff} of them listed` : `${whole(wing.kept)} kept`;
  return by ? `${kept} · cutoff of ${by}` : kept;
}
