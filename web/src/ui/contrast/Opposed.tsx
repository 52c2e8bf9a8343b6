// Two distributions back to back, one row a token: to the left what is subtracted, to the right what it is subtracted
// from, at the row's end what is left. Masked tokens are hatched and say why.

import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { Token } from "../../data/token.ts";
import type { Scale } from "../../state.ts";
import { probabilityScale, type Axis } from "../axes.ts";
import { Grid, Ticks } from "../Butterfly.tsx";
import { TokenLabel } from "../Glyphs.tsx";
import { Num, type Unit } from "../Num.tsx";

export interface Pair {
  readonly token: Token;
  readonly against: number; // log p
  readonly for: number;
  readonly net: number; // without any mask
  readonly masked: string | null; // why
  readonly chosen: boolean;
}

export interface Labels {
  readonly against: string;
  readonly for: string;
  readonly net: string;
  readonly unit: Unit;
}

const mostAtFirst = 24;
const maskedAtFirst = 5;

export function Opposed(props: {
  pairs: readonly Pair[]; // in the order of the rows
  extra: readonly Pair[]; // those that are shown for their net alone
  extraLabel: string;
  labels: Labels;
  scale: Scale;
  threshold: number; // probability; NaN: none
  line: ComponentChildren; // between what passes and the rest
  summary: string;
}) {
  const { pairs, extra, extraLabel, labels, scale, threshold, line, summary } = props;
  const expanded = useSignal(false);
  const passing = pairs.filter(({ masked }) => masked === null).length;
  const fewest = Math.min(pairs.length, Math.max(Math.min(passing + maskedAtFirst, mostAtFirst), pairs.findIndex(({ chosen }) => chosen) + 1));
  const shown = expanded.value ? pairs : pairs.slice(0, fewest);
  const best = pairs.reduce((max, { masked, net }) => (masked === null ? Math.max(max, net) : max), -Infinity);
  const below = expanded.value ? extra : extra.slice(0, 1).filter(({ net }) => net > best);
  const all = [...pairs, ...extra];
  const axis = probabilityScale(all.flatMap((pair) => [Math.exp(pair.against), Math.exp(pair.for)]).filter(Number.isFinite), scale, 2);
  const net = netAxis(all);
  const rest = all.length - shown.length - below.length;
  const row = (pair: Pair) => <OpposedRow pair={pair} axis={axis} net={net} unit={labels.unit} />;
  const firstMasked = shown.findIndex(({ masked }) => masked !== null);
  return (
    <>
      <div class="butterfly opposed" role="img" aria-label={summary}>
        <div class="row head">
          <Ticks axis={axis} title={`← ${labels.against}`} left />
          <span class="name">token</span>
          <Ticks axis={axis} title={`${labels.for} →`} />
          <span class="net-head">{labels.net}</span>
        </div>
        <div class="rows">
          <Grid logits={axis} probabilities={axis} />
          {threshold > 0 && <Threshold at={axis.at(threshold)} />}
          {shown.map((pair, i) => (
            <>
              {i === firstMasked && <Divider>{line}</Divider>}
              {row(pair)}
            </>
          ))}
          {firstMasked < 0 && <Divider>{line}</Divider>}
          {below.length > 0 && <Divider quiet>{extraLabel}</Divider>}
          {below.map(row)}
        </div>
      </div>
      {(rest > 0 || expanded.value) && (
        <p class="more">
          <button onClick={() => (expanded.value = !expanded.value)}>{expanded.value ? "show fewer" : `show ${rest} more`}</button>
        </p>
      )}
    </>
  );
}

function OpposedRow({ pair, axis, net, unit }: { pair: Pair; axis: Axis; net: NetAxis; unit: Unit }) {
  const { token, masked, chosen } = pair;
  const [against, mine] = [Math.exp(pair.against), Math.exp(pair.for)];
  const from = Math.min(net.at(0), net.at(pair.net));
  const to = Math.max(net.at(0), net.at(pair.net));
  return (
    <div class={`row${chosen ? " chosen" : ""}${masked !== null ? " cut" : ""}`} data-id={token.id}>
      <span class="sign">{chosen ? ">" : masked !== null ? "×" : ""}</span>
      <Num value={against} unit="probability" />
      <span class="wing left">
        <i class="bar" style={{ width: `${100 * (axis.at(against) || 0)}%` }} />
      </span>
      <span class="name">
        <TokenLabel token={token} />
        {masked !== null && <small>{masked}</small>}
      </span>
      <span class="wing right">
        <i class="bar" style={{ width: `${100 * axis.at(mine)}%` }} />
      </span>
      <Num value={mine} unit="probability" />
      <span class="net-lane">
        <i class={`bar${net.clips(pair.net) ? " clipped" : ""}`} style={{ left: `${100 * from}%`, width: `${100 * (to - from)}%` }} />
        <i class="zero" style={{ left: `${100 * net.at(0)}%` }} />
      </span>
      <Num value={pair.net} unit={unit} />
    </div>
  );
}

// Where the line stands among the probabilities.
function Threshold({ at }: { at: number }) {
  return (
    <div class="row grid threshold" aria-hidden="true">
      <span class="wing right">
        <i style={{ left: `${100 * at}%` }} />
      </span>
    </div>
  );
}

function Divider({ children, quiet = false }: { children: ComponentChildren; quiet?: boolean }) {
  return (
    <div class={quiet ? "cutoff quiet" : "cutoff"}>
      <span>{children}</span>
    </div>
  );
}

interface NetAxis {
  readonly at: (net: number) => number; // 0 to 1
  readonly clips: (net: number) => boolean;
}

// As wide as what passed the mask: what did not may be far off, and then runs out of the picture.
function netAxis(pairs: readonly Pair[]): NetAxis {
  const passed = pairs.filter(({ masked, net }) => masked === null && !Number.isNaN(net)).map(({ net }) => net);
  const [low, high] = [Math.min(0, ...passed), Math.max(0, ...passed)];
  const span = high - low || 1;
  const share = (net: number) => (net - low) / span;
  return { at: (net) => Math.max(0, Math.min(share(net), 1)) || 0, clips: (net) => share(net) > 1.001 || share(net) < -0.001 };
}
