// A text while it is written: tokens tinted as in the report, underlined by what became of guesses; pointing at one shows
// its alternatives, choosing one lists them, each a way to go on.

import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { probabilityBin } from "../../data/bins.ts";
import { inert } from "../../data/glyphs.ts";
import { spelled } from "../../data/spelling.ts";
import { isSpecial } from "../../data/special.ts";
import { memo } from "../../memo.tsx";
import type { Attempt } from "../../serve/attempt.ts";
import type { LiveToken } from "../../serve/live.ts";
import type { ServeState } from "../../serve/state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

const lines = (text: string) => text.split("\n").map(inert).join("\n");

export function LiveText({ attempt, parts }: { attempt: Attempt; parts: number | null }) {
  const tokens = attempt.tokens.value;
  const at = attempt.selected.value;
  const over = useSignal<{ index: number; left: number; top: number } | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const indexOf = (target: EventTarget | null) => {
    const element = target instanceof Element ? target.closest<HTMLElement>("[data-i]") : null;
    return element === null ? null : { index: Number(element.dataset.i), box: element.getBoundingClientRect() };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const move = moves[event.key];
    if (move === undefined || tokens.length === 0) return;
    attempt.select(Math.max(0, Math.min((at ?? (move > 0 ? -1 : tokens.length)) + move, tokens.length - 1)));
    event.preventDefault();
  };
  return (
    <>
      <div
        class="live-text"
        role="listbox"
        aria-label={`Tokens of ${attempt.label}: left and right, then the alternatives below`}
        tabIndex={0}
        aria-activedescendant={at === null ? undefined : `${attempt.name}-${at}`}
        data-color={tokens.some(({ speculative }) => speculative !== null) ? "guesses" : "probability"}
        ref={list}
        onKeyDown={onKeyDown}
        onPointerOver={(event) => {
          const found = indexOf(event.target);
          over.value = found === null ? null : { index: found.index, left: Math.max(8, Math.min(found.box.left, innerWidth - 264)), top: found.box.bottom + 8 };
        }}
        onPointerLeave={() => (over.value = null)}
        onClick={(event) => {
          const found = indexOf(event.target);
          if (found !== null) attempt.select(found.index);
        }}
      >
        {tokens.map((token, i) => (
          <Token token={token} index={i} id={`${attempt.name}-${i}`} selected={i === at} parts={i === parts} />
        ))}
        {attempt.running.value && <span class="caret" aria-hidden="true" />}
      </div>
      {over.value !== null && tokens[over.value.index] && <Hover token={tokens[over.value.index]!} left={over.value.left} top={over.value.top} />}
    </>
  );
}

const Token = memo((props: { token: LiveToken; index: number; id: string; selected: boolean; parts: boolean }) => {
  const { token, index, id, selected, parts } = props;
  const special = isSpecial(token.token);
  const guess = token.speculative === null ? "" : ` g-${token.speculative.verdict}`;
  const classes = `token p${probabilityBin(token.p)}${guess}${token.rank > 1 ? " event" : ""}${special ? " special" : ""}${parts ? " parting" : ""}`;
  const name = token.shown.trim() === "" ? { "aria-label": spelled(token.token) || `token ${token.token.id}` } : {};
  return (
    <span class={classes} id={id} data-i={index} role="option" aria-selected={selected} {...name}>
      {special ? inert(token.token.piece) || `token ${token.token.id}` : lines(token.shown)}
    </span>
  );
});

function Hover({ token, left, top }: { token: LiveToken; left: number; top: number }) {
  const own = token.alternatives.some(({ id }) => id === token.token.id);
  return (
    <div class="tip" aria-hidden="true" style={{ left: `${left}px`, top: `${top}px` }}>
      {token.alternatives.slice(0, 8).map((each) => (
        <div class={each.id === token.token.id ? "chosen" : ""}>
          <TokenLabel token={each} />
          <Num value={each.p} unit="probability" />
        </div>
      ))}
      {!own && (
        <div class="chosen">
          <TokenLabel token={token.token} />
          <Num value={token.pRaw} unit="probability" />
        </div>
      )}
      <p class="note">the model's probabilities; entropy {token.entropyRaw.toFixed(2)} bits. Click for a branch</p>
    </div>
  );
}

// The alternatives of the selected token: each begins a text of its own.
export function Alternatives({ state, attempt }: { state: ServeState; attempt: Attempt }) {
  const at = attempt.selected.value;
  const token = at === null ? undefined : attempt.tokens.value[at];
  if (at === null || token === undefined) return null;
  const others = token.alternatives.filter(({ id }) => id !== token.token.id);
  return (
    <div class="branch" role="group" aria-label={`In place of “${inert(token.token.text || token.token.piece)}”`}>
      <p class="note">
        in place of “{inert(token.token.text || token.token.piece)}” ({token.pRaw.toFixed(3)} to the model), go on with
      </p>
      <div class="buttons">
        {others.map((each) => (
          <button type="button" key={each.id} onClick={() => state.branch(attempt, at, each)}>
            <TokenLabel token={each} /> <span class="num note">{each.p.toFixed(3)}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
