// The page of a server: what to ask, the texts as they come, and of the chosen one every decision.

import { inert } from "../../data/glyphs.ts";
import { fixed, whole } from "../../format.ts";
import type { Attempt, ServeState } from "../../serve/state.ts";
import { App } from "../App.tsx";
import { Form } from "./Form.tsx";

export function ServePage({ state }: { state: ServeState }) {
  const chosen = state.chosen.value;
  const report = chosen?.state.value ?? null;
  return (
    <>
      <div class="page serve">
        <header>
          <h1>decant</h1>
          <p class="note">Ask, watch the text being decided, and click a token to see why. Nothing leaves this machine's server.</p>
        </header>
        <Form state={state} />
        <Texts state={state} />
        {chosen !== null && report !== null && report.steps.value.length > 0 && <Branch state={state} from={chosen} />}
      </div>
      {report !== null && <App key={state.attempts.value.indexOf(chosen!)} state={report} />}
    </>
  );
}

const lines = (text: string) => text.split("\n").map(inert).join("\n");

function Texts({ state }: { state: ServeState }) {
  const attempts = state.attempts.value;
  if (attempts.length === 0) return null;
  return (
    <section class="attempts" aria-label="Texts">
      {attempts.map((attempt, i) => (
        <Text key={i} attempt={attempt} chosen={state.chosen.value === attempt} onChoose={() => (state.chosen.value = attempt)} />
      ))}
    </section>
  );
}

function Text({ attempt, chosen, onChoose }: { attempt: Attempt; chosen: boolean; onChoose: () => void }) {
  const running = attempt.running.value;
  const speed = attempt.seconds.value > 0 ? attempt.tokens.value / attempt.seconds.value : 0;
  return (
    <article class="attempt" data-chosen={chosen}>
      <div class="section-head">
        <h2>
          <button type="button" class="link" aria-pressed={chosen} onClick={onChoose}>
            {inert(attempt.label)}
          </button>
        </h2>
        {running && (
          <button type="button" onClick={() => attempt.stop()}>
            Stop
          </button>
        )}
      </div>
      {attempt.error.value !== "" && <p role="alert">{inert(attempt.error.value)}</p>}
      <p class="attempt-text" aria-busy={running}>
        {attempt.before !== "" && <span class="note">{lines(attempt.before)}</span>}
        {lines(attempt.text.value)}
        {running && <span class="caret" aria-hidden="true" />}
      </p>
      <p class="note num">
        {whole(attempt.tokens.value)} tokens in {fixed(attempt.seconds.value, 1)} s, {whole(speed)} a second
      </p>
    </article>
  );
}

// The alternatives of the token that is looked at below: each begins a text of its own.
function Branch({ state, from }: { state: ServeState; from: Attempt }) {
  const report = from.state.value!;
  const { top, token } = report.decision.value;
  return (
    <section aria-labelledby="branch" class="branch">
      <h2 id="branch">
        In place of token {report.index.value + 1}, “{inert(token.text || token.piece)}”, go on with
      </h2>
      <div class="buttons">
        {top
          .filter(({ id }) => id !== token.id)
          .slice(0, 12)
          .map((each) => (
            <button type="button" key={each.id} onClick={() => state.branch(from, each)}>
              {inert(each.text || each.piece)} <span class="num note">{Math.exp(each.logit - report.decision.value.logsumexp).toFixed(3)}</span>
            </button>
          ))}
      </div>
    </section>
  );
}
