// What the pointer is over: the ten likeliest tokens of that step, and the chosen one wherever it stands. The step panel says the same about the selected one.

import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { State } from "../state.ts";
import { TokenLabel } from "./Glyphs.tsx";
import { Num } from "./Num.tsx";

interface Spot {
  readonly index: number;
  readonly left: number;
  readonly top: number;
}

export interface TipHandle {
  readonly spot: Signal<Spot | null>;
  readonly show: (token: HTMLElement | null) => void;
  readonly hide: () => void;
}

const width = 256;

export function useTip(state: State): TipHandle {
  const spot = useSignal<Spot | null>(null);
  const hide = () => void (spot.value = null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && hide();
    addEventListener("keydown", onKey);
    addEventListener("scroll", hide, true);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("scroll", hide, true);
    };
  }, []);
  const show = (token: HTMLElement | null) => {
    if (!token || Number(token.dataset.index) >= state.steps.value.length) return hide();
    const box = token.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, innerWidth - width - 8));
    spot.value = { index: Number(token.dataset.index), left, top: box.bottom + 8 };
  };
  return { spot, show, hide };
}

export function Tip({ tip, state }: { tip: TipHandle; state: State }) {
  const spot = tip.spot.value;
  const step = spot && state.steps.value[spot.index];
  if (!spot || !step) return null;
  const decision = state.trace.decision(step);
  const { top, token } = decision;
  const chosen = top.findIndex(({ id }) => id === token.id);
  return (
    <div class="tip" aria-hidden="true" style={{ left: `${spot.left}px`, top: `${spot.top}px` }}>
      {top.slice(0, 10).map((candidate) => (
        <div class={candidate.id === token.id ? "chosen" : candidate.cutBy ? "cut" : ""}>
          <TokenLabel token={candidate} />
          <Num value={candidate.p} unit="probability" />
        </div>
      ))}
      {(chosen < 0 || chosen >= 10) && (
        <div class="chosen">
          <span>
            {decision.rank}. <TokenLabel token={token} />
          </span>
          <Num value={decision.p} unit="probability" />
        </div>
      )}
    </div>
  );
}
