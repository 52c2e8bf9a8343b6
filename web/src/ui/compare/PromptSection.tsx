// One prompt: how each setting goes on, side by side; then the numbers.

import type { ComponentChildren } from "preact";
import { stretches, type Stretch } from "../../compare/marks.ts";
import { settingSentence } from "../../compare/options.ts";
import type { ComparedPrompt, Comparison } from "../../data/comparison.ts";
import { inert } from "../../data/glyphs.ts";
import { Running } from "../Running.tsx";

interface Props {
  readonly comparison: Comparison;
  readonly prompt: ComparedPrompt;
  readonly number: number; // from 1
  readonly against: number | null; // a setting; null: all
  readonly children: ComponentChildren;
}

export function PromptSection({ comparison, prompt, number, against, children }: Props) {
  const { settings, model } = comparison;
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
            <p class="passage" dir="auto">
              <Text prompt={prompt} setting={i} against={against} />
            </p>
          </article>
        ))}
      </div>
      {children}
    </section>
  );
}

function Text({ prompt, setting, against }: { prompt: ComparedPrompt; setting: number; against: number | null }) {
  const text = prompt.texts[setting];
  if (!text) return null;
  if (text.error !== null) return <span class="failed">failed: {inert(text.error)}</span>;
  const found = stretches(prompt, setting, against);
  if (found.length === 0) return <span class="shared">(no text)</span>;
  const ends = against !== setting && found.every(({ shared }) => shared);
  return (
    <>
      {found.map((stretch) => (
        <Piece {...stretch} />
      ))}
      {ends && <span class="shared"> (ends here)</span>}
    </>
  );
}

function Piece({ text, shared, parts, repeated }: Stretch) {
  const look = parts ? "parts" : shared ? "shared" : "";
  const content = <Running text={text} />;
  if (repeated) return <mark class={`repeated ${look}`}>{content}</mark>;
  return look === "" ? content : <span class={look}>{content}</span>;
}
