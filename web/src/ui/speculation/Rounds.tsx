// The rounds along the text: how much was guessed (outlined) and how much of it was kept (filled), each over the tokens
// that it wrote.

import { counted, percent, whole } from "../../format.ts";
import { memo } from "../../memo.tsx";
import type { Round } from "../../speculation/rounds.ts";
import { roundSentence } from "../../speculation/words.ts";
import type { State } from "../../state.ts";
import { numbers, Table, type Column } from "../Table.tsx";

const height = 48;

export function Rounds({ state }: { state: State }) {
  const { exists, rounds, sums, here } = state.speculation;
  if (!exists.value) return null;
  const { guesses, kept, saved } = sums.value;
  const length = state.steps.value.length;
  const words = `${counted(rounds.value.length, "round")} wrote ${counted(length, "token")}: ${whole(guesses)} guessed, ${whole(kept)} kept, ${counted(saved, "evaluation")} saved`;
  return (
    <figure class="ribbon rounds">
      <div
        class="ribbon-plot"
        role="img"
        aria-label={words}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          state.select(Math.floor(((event.clientX - box.left) / box.width) * length));
        }}
      >
        <Bars rounds={rounds.value} length={length} />
        <span class="here" style={{ left: `${(100 * (state.index.value + 0.5)) / length}%` }} />
      </div>
      <figcaption>
        <span>{words}</span>
        <span>
          <i class="key guessed" /> guessed <i class="key kept" /> kept
        </span>
      </figcaption>
      <p class="note here-round">{roundSentence(here.value + 1, rounds.value[here.value]!)}</p>
    </figure>
  );
}

const Bars = memo(({ rounds, length }: { rounds: readonly Round[]; length: number }) => {
  const most = rounds.reduce((max, { guesses }) => Math.max(max, guesses), 1);
  const bar = (name: string, { first, length: tokens }: Round, value: number) => (
    <rect class={name} x={first + 0.05} y={height * (1 - value / most)} width={tokens - 0.1} height={(height * value) / most} />
  );
  return (
    <svg viewBox={`0 0 ${length} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {rounds.filter(({ guesses }) => guesses > 0).map((round) => [bar("guessed", round, round.guesses), bar("kept", round, round.kept)])}
    </svg>
  );
});

interface Numbered extends Round {
  readonly number: number;
  readonly seconds: number | null; // since the round before
}

const columns: readonly Column<Numbered>[] = [
  { head: "round", names: true, cell: ({ number }) => number },
  { head: "first token", kind: "num", cell: ({ first }) => first + 1 },
  { head: "drafter", kind: "words", cell: ({ drafter }) => drafter ?? "–" },
  numbers("guessed", "count", ({ guesses }) => guesses),
  numbers("kept", "count", ({ kept }) => kept),
  { head: "share", kind: "num", cell: ({ guesses, kept }) => (guesses > 0 ? percent(kept / guesses) : "–") },
  numbers("tokens", "count", ({ length }) => length),
  numbers("seconds", "share", ({ seconds }) => seconds),
];

export function RoundTable({ state }: { state: State }) {
  const { exists, rounds, here } = state.speculation;
  if (!exists.value) return null;
  const at = (round: Round | undefined) => (round === undefined ? null : state.steps.value[round.first]!.seconds);
  const rows = rounds.value.map((round, i) => {
    const [before, now] = [at(rounds.value[i - 1]), at(round)];
    return { ...round, number: i + 1, seconds: before === null || now === null ? null : now - before };
  });
  const rowClass = (_: Numbered, place: number) => (place === here.value ? "chosen" : "");
  return <Table label="All rounds" columns={columns} rows={rows} rowClass={rowClass} size={100} at={here.value} />;
}
