// A token that somebody guessed, or guessed wrongly: what was guessed, the draft's probability against the model's, what
// came of it, and where a looked-up guess was copied from.

import { refused, signs, speculationSentence, speculationTable } from "../../speculation/words.ts";
import type { Decision } from "../../data/record.ts";
import type { Guess, Verdict } from "../../data/speculation.ts";
import type { Token } from "../../data/token.ts";
import { percent } from "../../format.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";
import { numbers, Table, type Column } from "../Table.tsx";
import { SourcePanel } from "./SourcePanel.tsx";

interface Row {
  readonly token: Token;
  readonly sign: string;
  readonly verdict: Verdict | "refused";
  readonly q: number | null; // null: nobody guessed it
  readonly p: number | null;
  readonly outcome: string;
}

export function SpeculationView({ state }: { state: State }) {
  const { speculative, token } = state.decision.value;
  if (speculative === null) return null;
  return (
    <div class="guesses">
      <p class="summary">{speculationSentence(speculative, token.id)}</p>
      <div class="guess-rows">
        <div class="guess-row head">
          <span />
          <span class="num">q</span>
          <span class="wing left">← the draft</span>
          <span>token</span>
          <span class="wing">the model →</span>
          <span class="num">p</span>
          <span>verdict</span>
        </div>
        {rowsOf(state.decision.value).map((row) => (
          <GuessRow row={row} />
        ))}
      </div>
      <SourcePanel state={state} speculation={speculative} />
    </div>
  );
}

function GuessRow({ row: { token, sign, verdict, q, p, outcome } }: { row: Row }) {
  return (
    <div class={`guess-row ${verdict}`} data-id={token.id}>
      <span class="sign" aria-hidden="true">
        {sign}
      </span>
      {q === null ? <span class="num">–</span> : <Num value={q} unit="probability" />}
      <span class="wing left">
        <i class="bar" style={{ width: `${100 * (q ?? 0)}%` }} />
      </span>
      <TokenLabel token={token} />
      <span class="wing">
        <i class="bar" style={{ width: `${100 * (p ?? 0)}%` }} />
      </span>
      {p === null ? <span class="num">–</span> : <Num value={p} unit="probability" />}
      <small>{outcome}</small>
    </div>
  );
}

// The guesses in their order, and behind them the token that stands in their place.
function rowsOf({ speculative, token, p, top }: Decision): readonly Row[] {
  const { verdict, drafted } = speculative!;
  const modelOf = (guess: Guess) => guess.p ?? top.find(({ id }) => id === guess.id)?.p ?? null;
  const out = refused(speculative!, token.id);
  const guesses = drafted.map((guess): Row => {
    const kept = !out.includes(guess);
    const chance = guess.chance === null ? "" : ` (chance ${percent(guess.chance)})`;
    return { token: guess, sign: kept ? signs.accepted : "×", verdict: kept ? "accepted" : "refused", q: guess.q, p: modelOf(guess), outcome: (kept ? "kept" : "not kept") + chance };
  });
  if (verdict === "accepted") return guesses;
  const words = verdict === "bonus" ? "behind all guesses" : verdict === "resampled" ? "drawn in its place" : "in its place";
  return [...guesses, { token, sign: signs[verdict], verdict, q: null, p, outcome: words }];
}

const columns: readonly Column<Row>[] = [
  { head: "token", names: true, cell: ({ token }) => <TokenLabel token={token} /> },
  numbers("q", "probability", ({ q }) => q),
  numbers("p", "probability", ({ p }) => p),
  { head: "verdict", kind: "words", cell: ({ outcome }) => outcome },
];

export function SpeculationNumbers({ state }: { state: State }) {
  const decision = state.decision.value;
  if (decision.speculative === null) return null;
  return <Table label="Guesses at this place" columns={columns} rows={rowsOf(decision)} rowId={({ token }) => token.id} />;
}

export function copyGuesses({ speculative }: Decision): string {
  return speculationTable(speculative);
}
