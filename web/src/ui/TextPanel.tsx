// The text: the strip, how it is coloured, a search, the entropy ribbon and the numbers of all tokens.

import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { labels } from "../data/bins.ts";
import type { ColorBy, State } from "../state.ts";
import { Num } from "./Num.tsx";
import { meanings } from "../speculation/words.ts";
import { Ribbon } from "./Ribbon.tsx";
import { Segmented } from "./Segmented.tsx";
import { Rounds, RoundTable } from "./speculation/Rounds.tsx";
import { Strip } from "./Strip.tsx";
import { Tabs } from "./Tabs.tsx";
import { TokenTable } from "./TokenTable.tsx";

const colors: { id: ColorBy; label: string }[] = [
  { id: "probability", label: "probability" },
  { id: "rank", label: "rank" },
  { id: "entropy", label: "entropy" },
];

// Those that say something of this text.
function choicesOf(state: State): typeof colors {
  const known = state.steps.value.some(({ entropy }) => !Number.isNaN(entropy));
  const own = known ? colors : colors.filter(({ id }) => id !== "entropy");
  return state.speculation.exists.value ? [...own, { id: "guesses", label: "guesses" }] : own;
}

export function TextPanel({ state, onOpen }: { state: State; onOpen: () => void }) {
  const search = useRef<HTMLInputElement>(null);
  const [table, setTable] = useState(false);
  return (
    <section class="text" aria-labelledby="text">
      <h2 id="text" class="unseen">
        Text
      </h2>
      <Answers state={state} />
      <Strip state={state} onOpen={onOpen} onSearch={() => search.current?.focus()} />
      <Legend state={state} />
      <Ribbon state={state} />
      <Rounds state={state} />
      <div class="toolbar">
        <Segmented legend="colour by" value={state.colorBy} choices={choicesOf(state)} />
        <Search state={state} field={search} />
        <button aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? "hide the numbers" : "show the numbers"}
        </button>
      </div>
      {table && <TokenTable state={state} />}
      {table && <RoundTable state={state} />}
    </section>
  );
}

// The texts that a search returned, with their scores.
function Answers({ state }: { state: State }) {
  const { search, sequences } = state.current.value;
  const answers = sequences.map((_, i) => i).filter((i) => sequences[i]!.length > 0);
  if (search === null || answers.length < 2) return null;
  const score = (sequence: number) => search.ended.find((ended) => ended.sequence === sequence)?.normalized;
  return (
    <Tabs
      label="Answers"
      tabs={answers.map((i) => [
        i,
        <>
          answer {i + 1} {score(i) !== undefined && <Num value={score(i)!} unit="normalised" />}
        </>,
      ])}
      selected={state.sequence.value}
      onSelect={(i) => state.selectSequence(i)}
    />
  );
}

function Legend({ state }: { state: State }) {
  const colorBy = state.colorBy.value;
  if (colorBy === "guesses") return <Verdicts state={state} />;
  return <Scale state={state} bins={labels[colorBy]} />;
}

// The verdicts that occur, each as it is drawn.
function Verdicts({ state }: { state: State }) {
  const verdicts = (["accepted", "rejected", "resampled", "bonus"] as const).filter((each) => state.steps.value.some(({ speculative }) => speculative?.verdict === each));
  return (
    <p class="legend">
      {verdicts.map((each) => (
        <span class={`verdict-key g-${each}`}>{meanings[each]}</span>
      ))}
      <span>plain: nothing was guessed</span>
    </p>
  );
}

function Scale({ state, bins }: { state: State; bins: readonly string[] }) {
  return (
    <p class="legend">
      <span>{state.colorBy.value}</span>
      <span class="scale">
        {bins.map((label, i) => (
          <span class={`bin v${i}`}>{label}</span>
        ))}
      </span>
      <span class="event-key">underlined: not the likeliest</span>
      {state.rewritten.value !== null && <span class="rewritten-key">double: another with your settings</span>}
    </p>
  );
}

function Search({ state, field }: { state: State; field: RefObject<HTMLInputElement | null> }) {
  const [missing, setMissing] = useState(false);
  const next = (wanted: string) => {
    if (wanted === "") return setMissing(false);
    const found = find(state, wanted.toLowerCase());
    setMissing(found === null);
    if (found !== null) state.select(found);
  };
  return (
    <label class="search">
      find
      <input
        type="search"
        ref={field}
        onKeyDown={(event) => event.key === "Enter" && next(event.currentTarget.value)}
        onInput={() => setMissing(false)}
      />
      <span role="status">{missing ? "not in the text" : ""}</span>
    </label>
  );
}

// The token in which the next occurrence behind the selected one begins, around the end.
function find(state: State, wanted: string): number | null {
  const steps = state.steps.value;
  const starts: number[] = [];
  let text = "";
  for (const { token } of steps) {
    starts.push(text.length);
    text += token.text.toLowerCase();
  }
  const after = starts[state.index.value + 1] ?? text.length;
  const at = [text.indexOf(wanted, after), text.indexOf(wanted)].find((found) => found >= 0);
  return at === undefined ? null : starts.findLastIndex((start) => start <= at);
}
