// The first things to know: how the text was made, and four figures; tabs where there are several runs or sequences.

import { figures, searchFigures } from "../data/overview.ts";
import { optionList, sentence } from "../data/options.ts";
import type { Search } from "../data/search.ts";
import { counted, fixed } from "../format.ts";
import type { State } from "../state.ts";
import { Figure } from "./Figure.tsx";
import { Tabs } from "./Tabs.tsx";
import { cuts } from "./words.ts";

export function Header({ state }: { state: State }) {
  const run = state.current.value;
  const { runs, unreadable } = state.trace;
  const sequences = run.sequences.map((_, i) => i).filter((i) => run.sequences[i]!.length > 0);
  return (
    <header>
      <h1>{sentence(run.header)}{state.speculation.words.value}</h1>
      {unreadable > 0 && <p class="note">{unreadable} lines of the trace could not be read.</p>}
      <FourFigures state={state} />
      {runs.length > 1 && (
        <Tabs
          label="Runs"
          tabs={runs.map(({ header }, i) => [i, header.label])}
          selected={state.run.value}
          onSelect={(i) => state.selectRun(i)}
        />
      )}
      {sequences.length > 1 && run.search === null && (
        <Tabs
          label="Sequences"
          tabs={sequences.map((i) => [i, `answer ${i + 1}`])}
          selected={state.sequence.value}
          onSelect={(i) => state.selectSequence(i)}
        />
      )}
      <details>
        <summary>all settings</summary>
        <dl class="options">
          {optionList(run.header).map(([name, value, isSet]) => (
            <div class={isSet ? "is-set" : undefined}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </header>
  );
}

function FourFigures({ state }: { state: State }) {
  const { search } = state.current.value;
  if (search !== null) return <SearchFigures state={state} search={search} />;
  const { tokens, tokensPerSecond, entropy, entropyRaw, kept } = figures(state.current.value, state.sequence.value);
  const own = state.views.includes(state.current.value.header.strategy); // a view, so what it is about
  return (
    <dl class="figures">
      <Figure label="tokens" value={tokens} unit="count" note="in this text" />
      {tokensPerSecond !== null && <Figure label="tokens a second" value={tokensPerSecond} unit="rate" note="after the first" />}
      <MeanEntropy entropy={entropy} raw={entropyRaw} />
      {state.speculation.exists.value ? (
        <Kept state={state} />
      ) : own ? (
        <Figure label="not the likeliest" value={state.contrast.overruled.value.length} unit="count" note={`of ${counted(state.steps.value.length, "token")}, for the model by itself`} />
      ) : (
        <Fourth state={state} kept={kept} />
      )}
    </dl>
  );
}

// Nothing where it is not known, as of log-probabilities that were told.
function MeanEntropy({ entropy, raw }: { entropy: number; raw: number }) {
  if (Number.isNaN(entropy)) return null;
  return <Figure label="mean entropy" value={entropy} unit="bits" note={Math.abs(entropy - raw) < 0.005 ? "bits" : `bits; the model's ${fixed(raw, 2)}`} />;
}

// How many tokens the cuts left, where anything was cut; otherwise how well the model foretold the text.
function Fourth({ state, kept }: { state: State; kept: number }) {
  const steps = state.steps.value;
  if (steps.some(({ stages }) => cuts(stages))) return <Figure label="kept" value={kept} unit="rate" note="tokens on average" />;
  const nats = steps.reduce((sum, { pRaw }) => sum - Math.log(pRaw), 0) / steps.length;
  return <Figure label="perplexity" value={Math.exp(nats)} unit="rate" note="of the text, to the model" />;
}

// What guessing was worth.
function Kept({ state }: { state: State }) {
  const { guesses, kept, saved } = state.speculation.sums.value;
  return <Figure label="guesses kept" value={kept / guesses} unit="percent" note={`${kept} of ${guesses}; ${counted(saved, "evaluation")} saved`} />;
}

// Of a search: what it looked at for the text that is shown.
function SearchFigures({ state, search }: { state: State; search: Search }) {
  const { tokens, entropy, entropyRaw } = figures(state.current.value, state.sequence.value);
  const { rate, kept, ended, returned } = searchFigures(search);
  return (
    <dl class="figures">
      <Figure label="tokens" value={tokens} unit="count" note="in this text" />
      {rate !== null && <Figure label="steps a second" value={rate} unit="rate" note="after the first" />}
      <MeanEntropy entropy={entropy} raw={entropyRaw} />
      <Figure label="texts that ended" value={ended} unit="count" note={`${returned} returned; ${counted(kept, "branch", "branches")} kept`} />
    </dl>
  );
}
