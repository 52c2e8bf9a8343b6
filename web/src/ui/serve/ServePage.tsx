// The page of a server: what to ask, the texts as they come, what the server does, and of the chosen text every decision.

import { inert } from "../../data/glyphs.ts";
import { counted, fixed, whole } from "../../format.ts";
import type { Attempt } from "../../serve/attempt.ts";
import type { ServeState } from "../../serve/state.ts";
import { presets } from "../../serve/strategies.ts";
import { App } from "../App.tsx";
import { Form } from "./Form.tsx";
import { BranchTree } from "./BranchTree.tsx";
import { Alternatives, LiveText } from "./LiveText.tsx";
import { MapPanel } from "./MapPanel.tsx";
import { MetersPanel } from "./MetersPanel.tsx";
import { Spark } from "./Sparks.tsx";

export function ServePage({ state }: { state: ServeState }) {
  const chosen = state.chosen.value;
  const report = chosen?.state.value ?? null;
  return (
    <>
      <div class="page serve">
        <header>
          <h1>decant</h1>
          <p class="note">Ask, watch the text being decided, point at a token to see what else there was, click one to go on from it. Nothing leaves this machine's server.</p>
        </header>
        <Form state={state} />
        <label class="toolbar note">
          or look at a trace, or at the log-probabilities of any OpenAI API (a file dropped anywhere here does it, too):{" "}
          <input type="file" accept=".json,.jsonl,.txt" onChange={(event) => void take(event.currentTarget)} />
        </label>
        <MetersPanel meters={state.meters} />
        {state.hint.value !== "" && <p class="hint">Look at this: {state.hint.value}.</p>}
        <MapPanel state={state} />
        <Texts state={state} />
      </div>
      {chosen !== null && report !== null && report.steps.value.length > 0 && (
        <App key={state.attempts.value.indexOf(chosen)} state={report} />
      )}
    </>
  );
}

async function take(field: HTMLInputElement): Promise<void> {
  const file = field.files?.[0];
  if (file) dispatchEvent(new CustomEvent("decant-file", { detail: await file.text() }));
}

const lines = (text: string) => text.split("\n").map(inert).join("\n");

function Texts({ state }: { state: ServeState }) {
  const attempts = state.attempts.value;
  if (attempts.length === 0) return null;
  const roots = attempts.filter(({ origin }) => origin === null);
  const below = (parent: Attempt): Attempt[] => attempts.filter(({ origin }) => origin !== null && attempts[origin.parent] === parent);
  const families = (each: Attempt): Attempt[] => [each, ...below(each).flatMap(families)];
  return (
    <>
      <BranchTree state={state} roots={roots} below={below} />
      <section class="attempts" aria-label="Texts">
        {roots.flatMap(families).map((attempt) => (
          <Text key={attempts.indexOf(attempt)} state={state} attempt={attempt} first={roots[0]!} />
        ))}
      </section>
    </>
  );
}

// The first token at which a text is another than the first one.
function partingOf(attempt: Attempt, first: Attempt): number | null {
  if (attempt === first || attempt.origin !== null) return null;
  const other = first.tokens.value;
  const at = attempt.tokens.value.findIndex(({ token }, i) => other[i] !== undefined && other[i]!.token.id !== token.id);
  return at < 0 ? null : at;
}

function depthOf(attempt: Attempt, attempts: readonly Attempt[]): number {
  const parent = attempt.origin === null ? undefined : attempts[attempt.origin.parent];
  return parent === undefined ? 0 : 1 + depthOf(parent, attempts);
}

function Text({ state, attempt, first }: { state: ServeState; attempt: Attempt; first: Attempt }) {
  const running = attempt.running.value;
  const chosen = state.chosen.value === attempt;
  const count = attempt.tokens.value.length;
  const speed = attempt.seconds.value > 0 ? count / attempt.seconds.value : 0;
  const entropies = attempt.tokens.value.map(({ entropyRaw }) => entropyRaw);
  const guessed = attempt.tokens.value.filter(({ speculative }) => speculative !== null);
  const depth = depthOf(attempt, state.attempts.value);
  const formula = presets.find(({ label }) => label === attempt.label)?.formula;
  return (
    <article class="attempt" data-chosen={chosen} data-depth={Math.min(depth, 4)}>
      <div class="section-head">
        <h2>
          <button type="button" class="link" aria-pressed={chosen} onClick={() => (state.chosen.value = attempt)}>
            {depth > 0 && "↳ "}
            {inert(attempt.label)}
          </button>
        </h2>
        {running && (
          <button type="button" onClick={() => attempt.stop()}>
            Stop
          </button>
        )}
      </div>
      {formula !== undefined && <p class="note formula">{formula}</p>}
      {attempt.error.value !== "" && <p role="alert">{inert(attempt.error.value)}</p>}
      <div class="attempt-text" aria-busy={running} onClick={() => (state.chosen.value = attempt)}>
        {attempt.before !== "" && <span class="note">{lines(attempt.before)}</span>}
        <LiveText attempt={attempt} parts={partingOf(attempt, first)} />
        {count === 0 && <Beams beams={attempt.beams.value} />}
      </div>
      {count > 0 && <Spark values={entropies} label="Entropy from token to token" most={6} />}
      {count > 0 && (
        <p class="note num">
          {count > 1 && `entropy, up to ${fixed(Math.max(...entropies.map((bits) => bits || 0)), 1)} bits. `}
          {counted(count, "token")} in {fixed(attempt.seconds.value, 1)} s, {whole(speed)} a second
          {guessed.length > 0 && `; ${guessed.filter(({ speculative }) => speculative!.verdict === "accepted").length} of ${count} were guessed`}
        </p>
      )}
      <Alternatives state={state} attempt={attempt} />
    </article>
  );
}

// Of a search that is under way the texts that are alive.
function Beams({ beams }: { beams: readonly string[] }) {
  if (beams.length === 0) return null;
  return (
    <ol class="beams">
      {beams.map((text) => (
        <li>{lines(text)}</li>
      ))}
    </ol>
  );
}
