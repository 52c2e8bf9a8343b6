// What every view of a step shows: one row a candidate, with one or two wings of probabilities on the same rows.

import type { Decision, Stage } from "./data/record.ts";
import type { Token } from "./data/token.ts";
import type { Replay } from "./sampling/replay.ts";
import { edits } from "./sampling/settings.ts";

export interface Cell {
  readonly score: number;
  readonly p: number;
  readonly cutBy: string | null;
  readonly changed: number; // of its logit, by penalties and biases
}

export interface Wing {
  readonly label: string;
  readonly cells: ReadonlyMap<number, Cell>; // by token id; the listed candidates
  readonly kept: number;
  readonly entropy: number; // bits
  readonly stages: readonly Stage[];
}

export interface Row {
  readonly token: Token;
  readonly logit: number;
  readonly chosen: boolean;
  readonly cell: Cell | null; // null: not listed there
  readonly other: Cell | null;
  readonly cumulative: number; // of the wing's p, this row included
}

export interface Picture {
  readonly rows: readonly Row[];
  readonly wing: Wing;
  readonly other: Wing | null;
  readonly cutoff: number; // rows above the cutoff line; negative: there is none, as where scores chose or nobody told
}

// The first rows, and the chosen one wherever it stands.
export function withChosen(rows: readonly Row[], first: number): readonly Row[] {
  const chosen = rows.findIndex((row) => row.chosen);
  return chosen < first ? rows.slice(0, first) : [...rows.slice(0, first - 1), rows[chosen]!];
}

export function recorded(decision: Decision, label: string): Wing {
  const { top, token, kept, entropy, stages } = decision;
  const cells = new Map<number, Cell>(top.map(({ id, logit, base, score, p, cutBy }) => [id, { score, p, cutBy, changed: decision.score === null ? base - logit : 0 }]));
  if (!cells.has(token.id)) cells.set(token.id, { score: NaN, p: decision.p, cutBy: null, changed: 0 });
  return { label, cells, kept, entropy, stages };
}

export function replayed(decision: Decision, replay: Replay, label: string): Wing {
  const cells = new Map(decision.top.map(({ id, logit, base }, i) => [id, { ...replay.outcomes[i]!, changed: base - logit }]));
  const stages = [...edits(decision.stages), ...replay.stages];
  return { label, cells, kept: replay.kept, entropy: replay.entropy, stages };
}

export function picture(
  decision: Decision,
  wing: Wing,
  other: Wing | null,
  otherTokens: readonly Token[],
): Picture {
  const logits = new Map(decision.top.map(({ id, logit }) => [id, logit]));
  const tokens: Token[] = [...decision.top];
  if (!logits.has(decision.token.id)) tokens.push(decision.token);
  logits.set(decision.token.id, decision.logit);
  const known = new Set(tokens.map(({ id }) => id));
  tokens.push(...otherTokens.filter(({ id }) => !known.has(id) && (other?.cells.get(id)?.p ?? 0) > 0));
  let cumulative = 0;
  const rows = tokens
    .map((token, i) => ({ token, i, p: wing.cells.get(token.id)?.p ?? 0 }))
    .sort((a, b) => b.p - a.p || a.i - b.i)
    .map(({ token, p }): Row => {
      cumulative += p;
      return {
        token,
        logit: logits.get(token.id) ?? NaN,
        chosen: token.id === decision.token.id,
        cell: wing.cells.get(token.id) ?? null,
        other: other?.cells.get(token.id) ?? null,
        cumulative,
      };
    });
  if (decision.score !== null || Number.isNaN(wing.kept)) return { rows, wing, other, cutoff: -1 };
  return { rows, wing, other, cutoff: rows.filter(({ cell }) => cell !== null && cell.p > 0).length };
}
