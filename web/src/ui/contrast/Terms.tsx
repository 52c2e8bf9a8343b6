// The candidates as stacked bars around a common zero: to the right what the probability gives, to the left what the
// likeness takes, and a marker at what is left.

import { scaleLinear } from "d3-scale";
import { useSignal } from "@preact/signals";
import { scoreAt } from "../../contrast/winner.ts";
import { short } from "../../contrast/words.ts";
import type { ContrastiveSearch, Term } from "../../data/contrast.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

const firstRows = 12;

type Place = (value: number) => string; // in percent of the plot's width

export function Terms({ state, search }: { state: State; search: ContrastiveSearch }) {
  const { contrast } = state;
  const expanded = useSignal(false);
  const { candidates } = search;
  const alpha = contrast.alphaShown.value;
  const [winner, taken, focus] = [contrast.winner.value, contrast.taken.value, contrast.focus.value];
  const fewest = Math.max(firstRows, winner + 1, (taken ?? 0) + 1);
  const shown = expanded.value ? candidates : candidates.slice(0, fewest);
  const axis = axisOf(candidates, alpha);
  const ticks = axis.ticks(4);
  const at: Place = (value) => `${100 * axis(value)}%`;
  return (
    <>
      <Formula alpha={alpha} other={winner !== taken && taken !== null} />
      <div class="terms" role="group" aria-label="Candidates by falling probability">
        <Head ticks={ticks} at={at} />
        <div class="term-rows">
          {shown.map((each, place) => (
            <TermRow
              term={each}
              alpha={alpha}
              at={at}
              won={place === winner}
              taken={place === taken}
              shown={place === focus}
              onPick={() => (contrast.candidate.value = each.id)}
            />
          ))}
          <div class="term term-grid" aria-hidden="true">
            <span class="term-plot">
              {ticks.map((tick) => (
                <i class={tick === 0 ? "line zero" : "line"} style={{ left: at(tick) }} />
              ))}
            </span>
          </div>
        </div>
      </div>
      {candidates.length > fewest && (
        <p class="more">
          <button onClick={() => (expanded.value = !expanded.value)}>
            {expanded.value ? "show fewer" : `show ${candidates.length - fewest} more`}
          </button>
        </p>
      )}
    </>
  );
}

function Formula({ alpha, other }: { alpha: number; other: boolean }) {
  return (
    <p class="legend formula">
      <span>
        <i class="net" /> score =
      </span>
      <span>
        <i class="key plus" /> {short(1 - alpha)} × probability
      </span>
      <span>
        − <i class="key minus" /> {short(alpha)} × similarity
      </span>
      {other && <span>○ the run's choice</span>}
    </p>
  );
}

function Head({ ticks, at }: { ticks: readonly number[]; at: Place }) {
  return (
    <div class="term head" aria-hidden="true">
      <span />
      <span>token</span>
      <span class="part">similarity</span>
      <span class="term-plot">
        {ticks.map((tick) => (
          <span class="tick num" style={{ left: at(tick) }}>
            {String(tick).replace("-", "−")}
          </span>
        ))}
      </span>
      <span class="part">prob.</span>
      <span class="value">score</span>
    </div>
  );
}

interface RowProps {
  readonly term: Term;
  readonly alpha: number;
  readonly at: Place;
  readonly won: boolean;
  readonly taken: boolean;
  readonly shown: boolean; // its past
  readonly onPick: () => void;
}

function TermRow({ term, alpha, at, won, taken, shown, onPick }: RowProps) {
  const gain = (1 - alpha) * term.p;
  const loss = -alpha * term.similarity;
  const score = scoreAt(term, alpha);
  const state = won ? "the highest score" : taken ? "the run's choice" : "";
  return (
    <div class={`term${won ? " won" : ""}${taken ? " taken" : ""}${shown ? " focus" : ""}`} data-id={term.id} onClick={onPick}>
      <span class="sign" title={state}>
        {won ? ">" : taken ? "○" : ""}
        {state !== "" && <span class="unseen"> {state}: </span>}
      </span>
      <button class="link" aria-pressed={shown} onClick={onPick}>
        <TokenLabel token={term} />
      </button>
      <span class="part">
        <Num value={term.similarity} unit="score" />
      </span>
      <span class="term-plot">
        <Bar kind="loss" from={Math.min(loss, 0)} to={Math.max(loss, 0)} at={at} value={loss} />
        <Bar kind="gain" from={0} to={gain} at={at} value={gain} />
        <i class="net" style={{ left: at(score) }} />
      </span>
      <span class="part">
        <Num value={term.p} unit="probability" />
      </span>
      <span class="value">
        <Num value={score} unit="score" />
      </span>
    </div>
  );
}

function Bar({ kind, from, to, at, value }: { kind: string; from: number; to: number; at: Place; value: number }) {
  return <i class={`bar ${kind}`} title={String(value)} style={{ left: at(from), width: `calc(${at(to)} - ${at(from)})` }} />;
}

function axisOf(candidates: readonly Term[], alpha: number) {
  const values = candidates.flatMap(({ p, similarity }) => [(1 - alpha) * p, -alpha * similarity]).filter(Number.isFinite);
  return scaleLinear([Math.min(0, ...values), Math.max(0.02, ...values)], [0, 1]).nice(8).clamp(true);
}
