// One prompt: how each setting goes on, side by side; then the numbers.

import type { ComponentChildren } from "preact";
import { stretches, type Stretch } from "../../compare/marks.ts";
import { settingSentence } from "../../compare/options.ts";
import type { ComparisonState, Opened } from "../../compare/state.ts";
import type { ComparedPrompt } from "../../data/comparison.ts";
import { inert } from "../../data/glyphs.ts";
import { App } from "../App.tsx";
import { Running } from "../Running.tsx";

interface Props {
  readonly state: ComparisonState;
  readonly prompt: ComparedPrompt;
  readonly number: number; // from 1
  readonly against: number | null; // a setting; null: all
  readonly children: ComponentChildren;
}

export function PromptSection({ state, prompt, number, against, children }: Props) {
  const { settings, model } = state.comparison;
  const opened = state.opened.value?.prompt === number - 1 ? state.opened.value : null;
  return (
    <section aria-labelledby={`prompt-${number}`}>
      <h2 id={`prompt-${number}`}>Prompt {number}</h2>
      <p class="given passage" dir="auto">
        <Running text={prompt.prompt} />
      </p>
      <div class="side-by-side">
        {settings.map((setting, i) => (
          <article class={i === against ? "against" : undefined}>
            <h3>{inert(setting.label)}</h3>
            <p class="note">{settingSentence(setting, model)}</p>
            <Passage state={state} prompt={prompt} number={number} setting={i} against={against} />
          </article>
        ))}
      </div>
      {opened !== null && <Decisions state={state} opened={opened} />}
      {children}
    </section>
  );
}

interface PassageProps {
  readonly state: ComparisonState;
  readonly prompt: ComparedPrompt;
  readonly number: number;
  readonly setting: number;
  readonly against: number | null;
}

function Passage({ state, prompt, number, setting, against }: PassageProps) {
  const known = state.has(number - 1, setting);
  const opened = state.opened.value;
  const here = opened?.prompt === number - 1 && opened.setting === setting;
  const onClick = (event: MouseEvent) => {
    const token = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-token]") : null;
    if (token) state.open(number - 1, setting, Number(token.dataset.token));
  };
  return (
    <>
      <p class={`passage${known ? " opens" : ""}`} dir="auto" onClick={known ? onClick : undefined}>
        <Text prompt={prompt} setting={setting} against={against} selected={here ? opened.state.index.value : null} />
      </p>
      {known && (
        <p class="more">
          <button aria-pressed={here} onClick={() => (here ? (state.opened.value = null) : state.open(number - 1, setting, null))}>
            {here ? "close its decisions" : "its decisions"}
          </button>
        </p>
      )}
    </>
  );
}

function Decisions({ state, opened }: { state: ComparisonState; opened: Opened }) {
  return (
    <div class="decisions" role="region" aria-label={`Decisions of ${inert(state.comparison.settings[opened.setting]?.label ?? "")}`}>
      <App key={`${opened.prompt} ${opened.setting}`} state={opened.state} />
    </div>
  );
}

function Text({ prompt, setting, against, selected }: { prompt: ComparedPrompt; setting: number; against: number | null; selected: number | null }) {
  const text = prompt.texts[setting];
  if (!text) return null;
  if (text.error !== null) return <span class="failed">failed: {inert(text.error)}</span>;
  const found = stretches(prompt, setting, against);
  if (found.length === 0) return <span class="shared">(no text)</span>;
  const ends = against !== setting && found.every(({ shared }) => shared);
  return (
    <>
      {found.map((stretch) => (
        <Part stretch={stretch} selected={selected} />
      ))}
      {ends && <span class="shared"> (ends here)</span>}
    </>
  );
}

function Part({ stretch, selected }: { stretch: Stretch; selected: number | null }) {
  const { pieces, shared, again, parts, repeated } = stretch;
  const look = parts ? "parts" : shared ? "shared" : again ? "again" : "";
  const content = pieces.map(({ token, text }) => (
    <span data-token={token} class={token === selected ? "selected" : undefined}>
      <Running text={text} />
    </span>
  ));
  if (repeated) return <mark class={`repeated ${look}`}>{content}</mark>;
  return look === "" ? <>{content}</> : <span class={look}>{content}</span>;
}
