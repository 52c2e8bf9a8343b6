// The text as a strip of tokens: a paragraph to read, a list to walk through with the arrow keys. The tokens are laid
// out once; colours are classes (so that changing them is the style sheet's work) and the selection moves by itself.

import { memo } from "../memo.tsx";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { entropyBin, probabilityBin, rankBin } from "../data/bins.ts";
import { fromHex } from "../data/bytes.ts";
import { group, type Group } from "../data/characters.ts";
import { inert, visible } from "../data/glyphs.ts";
import { paragraphs } from "../data/paragraphs.ts";
import { isSpecial } from "../data/special.ts";
import { spelled } from "../data/spelling.ts";
import type { Step } from "../data/trace.ts";
import type { State } from "../state.ts";
import { Glyphs, Pieces } from "./Glyphs.tsx";
import { lineAbove, lineBelow } from "./lines.ts";
import { Prompt } from "./Prompt.tsx";
import { Tip, useTip } from "./Tip.tsx";

export function Strip({ state, onOpen, onSearch }: { state: State; onOpen: () => void; onSearch: () => void }) {
  const list = useRef<HTMLDivElement>(null);
  const steps = state.steps.value;
  const tip = useTip(state);

  const index = state.index.value;
  useLayoutEffect(() => {
    const old = list.current?.querySelector('[aria-selected="true"]');
    const token = tokenAt(list.current, index);
    if (!token) return;
    const focused = old !== null && old === document.activeElement;
    old?.setAttribute("aria-selected", "false");
    old?.setAttribute("tabindex", "-1");
    token.setAttribute("aria-selected", "true");
    token.setAttribute("tabindex", "0");
    if (focused) token.focus({ preventScroll: true });
    scrollIntoStrip(token);
  }, [steps, index]);

  const rewritten = state.rewritten.value;
  useLayoutEffect(() => {
    for (const token of list.current?.querySelectorAll(".rewritten") ?? []) token.classList.remove("rewritten");
    for (const { index, token } of rewritten ?? []) if (token !== null) tokenAt(list.current, index)?.classList.add("rewritten");
  }, [steps, rewritten]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const token = tokenAt(list.current, index);
    const moves: Record<string, () => number> = {
      ArrowLeft: () => index - 1,
      ArrowRight: () => index + 1,
      ArrowUp: () => (token ? indexOf(lineAbove(token)) : index),
      ArrowDown: () => (token ? indexOf(lineBelow(token)) : index),
      Home: () => 0,
      End: () => steps.length - 1,
      PageUp: () => index - 50,
      PageDown: () => index + 50,
    };
    const move = moves[event.key];
    if (move) state.select(move());
    else if (event.key === "Enter") onOpen();
    else if (event.key === "/") onSearch();
    else if (event.key !== "Escape") return;
    tip.hide();
    event.preventDefault();
  };

  return (
    <div class="strip-frame">
      <div
        class="strip"
        data-color={state.colorBy.value}
        onPointerOver={(event) => tip.show(closest(event.target))}
        onPointerLeave={tip.hide}
        onClick={(event) => {
          const token = closest(event.target);
          if (!token) return;
          state.select(indexOf(token));
          token.focus({ preventScroll: true });
        }}
        onKeyDown={onKeyDown}
      >
        <Prompt text={state.current.value.header.promptText} />
        <div class="tokens" dir="auto" role="listbox" aria-label="Generated tokens" aria-orientation="horizontal" ref={list}>
          <Tokens steps={steps} index={index} />
        </div>
      </div>
      <Tip tip={tip} state={state} />
    </div>
  );
}

// Of a long text the paragraph that is looked at comes first; the others follow, one at a time, once it is on the screen.
const Tokens = memo(({ steps, index }: { steps: readonly Step[]; index: number }) => {
  const all = useMemo(() => paragraphs(group(steps.map(({ token }) => fromHex(token.bytes)))), [steps]);
  const [filled, setFilled] = useState(1);
  useEffect(() => {
    if (filled >= all.length) return;
    const timer = setTimeout(() => setFilled(filled + 1), filled === 1 ? 250 : 0);
    return () => clearTimeout(timer);
  }, [all, filled]);
  return (
    <>
      {all.map((groups, i) => (
        <div class={i === 0 ? "first" : "further"} role="presentation">
          {(i < filled || holds(groups, index)) && <Paragraph steps={steps} groups={groups} />}
        </div>
      ))}
    </>
  );
});

const Paragraph = memo(({ steps, groups }: { steps: readonly Step[]; groups: readonly Group[] }) => (
  <>{groups.map((joined) => (joined.first === joined.last ? single(steps, joined) : brace(steps, joined)))}</>
));

function holds(groups: readonly Group[], index: number): boolean {
  return groups[0]!.first <= index && index <= groups.at(-1)!.last;
}

function single(steps: readonly Step[], { first, text }: Group) {
  const step = steps[first]!;
  return option(step, first, isSpecial(step.token) || text === null ? null : text);
}

// Several tokens: the text they form, and under it a brace with the bytes of each.
function brace(steps: readonly Step[], { first, last, text }: Group) {
  return (
    <span class="joined" role="group" aria-label={`bytes of ${text === null ? "no character" : visible(text)}`}>
      <span class="character" aria-hidden="true">
        {text === null ? <span class="bytes">?</span> : <Glyphs text={text} />}
      </span>
      <span class="brace">{steps.slice(first, last + 1).map((step, i) => option(step, first + i, null))}</span>
    </span>
  );
}

// `text`: null for a token that is no text by itself.
function option(step: Step, index: number, text: string | null) {
  const { token, p, rank, entropy, speculative } = step;
  const special = isSpecial(token);
  const guess = speculative === null ? "" : ` g-${speculative.verdict}`;
  const colors = `p${probabilityBin(p)} r${rankBin(rank)} e${entropyBin(entropy)}${guess}`;
  const classes = `token ${colors}${rank > 1 ? " event" : ""}${special ? " special" : ""}`;
  const name = text === null || text.trim() === "" ? { "aria-label": spoken(step) } : {};
  return (
    <span class={classes} role="option" aria-selected="false" tabIndex={-1} data-index={index} {...name}>
      {text !== null ? <Glyphs text={text} /> : special ? inert(token.piece) || `token ${token.id}` : <Pieces bytes={token.bytes} />}
    </span>
  );
}

function spoken({ token }: Step): string {
  const words: Record<string, string> = { " ": "blank", "\n": "line end", "\t": "tab" };
  return words[token.text] ?? (spelled(token) || `token ${token.id}`);
}

function tokenAt(list: Element | null, index: number): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? null;
}

function closest(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-index]") : null;
}

function indexOf(token: HTMLElement): number {
  return Number(token.dataset.index);
}

function scrollIntoStrip(token: HTMLElement): void {
  const strip = token.closest(".strip");
  if (!strip) return;
  const box = strip.getBoundingClientRect();
  const own = token.getBoundingClientRect();
  if (own.top < box.top || own.bottom > box.bottom) strip.scrollTop += own.top - box.top - box.height / 2;
}
