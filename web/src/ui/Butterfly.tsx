// A step as rows, one a token: the model's logit grows to the left, the final probability to the right.

import { logitAxis, probabilityAxis, type Axis } from "./axes.ts";
import { inert } from "../data/glyphs.ts";
import type { Token } from "../data/token.ts";
import { fixed } from "../format.ts";
import { withChosen, type Picture, type Row } from "../picture.ts";
import type { State } from "../state.ts";
import { Cumulative } from "./Cumulative.tsx";
import { cutoffLabel, summary } from "./words.ts";
import { TokenLabel } from "./Glyphs.tsx";
import { MoreRows } from "./MoreRows.tsx";
import { Num } from "./Num.tsx";

export const firstRows = 24;

export function Butterfly({ state }: { state: State }) {
  const picture = state.picture.value;
  const rows = state.expanded.value ? picture.rows : withChosen(picture.rows, firstRows);
  const logits = logitAxis(picture, 3);
  const probabilities = probabilityAxis(picture, state.scale.value, 3);
  return (
    <>
      <div class={`butterfly${picture.other ? " two" : ""}`} role="img" aria-label={summary(state)}>
        <div class="row head">
          <Ticks axis={logits} title="← logit" left />
          <span class="name">token</span>
          <Ticks axis={probabilities} title="probability →" />
          <span class="lane-head">
            <span>
              <span class="wordy">cumulative</span>
              <span class="brief">sum</span>
            </span>
            <span class="ends">
              <span>0</span>
              <span>1</span>
            </span>
          </span>
        </div>
        <div class="rows">
          <Grid logits={logits} probabilities={probabilities} />
          {rows.map((row, i) => (
            <>
              {i === picture.cutoff && <Cutoff picture={picture} />}
              {row !== picture.rows[i] && <Apart rank={picture.rows.indexOf(row) + 1} />}
              <ButterflyRow row={row} logits={logits} probabilities={probabilities} two={picture.other !== null} />
            </>
          ))}
          {rows.length === picture.cutoff && <Cutoff picture={picture} />}
          <Cumulative picture={picture} rows={rows} />
        </div>
      </div>
      <MoreRows state={state} shown={rows.length} first={firstRows} />
    </>
  );
}

function ButterflyRow(props: { row: Row; logits: Axis; probabilities: Axis; two: boolean }) {
  const { row, logits, probabilities, two } = props;
  const { token, logit, chosen, cell, other } = row;
  const cut = cell?.cutBy ?? null;
  return (
    <div class={`row${chosen ? " chosen" : ""}${cut ? " cut" : ""}`}>
      <span class="sign">{chosen ? ">" : cut ? "×" : ""}</span>
      <Num value={logit} unit="logit" />
      <span class="wing left">
        <i class="bar" style={{ width: `${100 * logits.at(logit)}%` }} />
      </span>
      <span class="name">
        <TokenLabel token={token} />
        {!isPlain(token) && <small>{inert(token.piece.slice(0, 80))}</small>}
      </span>
      <span class="wing right">
        {two && <i class={`bar other${other?.p ? "" : " none"}`} style={{ width: `${100 * probabilities.at(other?.p ?? 0)}%` }} />}
        <i class="bar" style={{ width: `${100 * probabilities.at(cell?.p ?? 0)}%` }} />
        {cut && (
          <em title={lowered(cell?.changed ?? 0) ? `its logit had been changed by ${cell!.changed}` : undefined}>
            <span class="wordy">{lowered(cell?.changed ?? 0) ? `penalised ${fixed(cell!.changed, 1)}, then cut by ` : "cut by "}</span>
            {cut}
          </em>
        )}
        {cell === null && <em>not listed</em>}
      </span>
      <span class="values">
        {two && <span class="other">{other ? <Num value={other.p} unit="probability" /> : "–"}</span>}
        {cell ? <Num value={cell.p} unit="probability" /> : <span>–</span>}
      </span>
    </div>
  );
}

const lowered = (changed: number) => changed < -0.05;

// Whether its name in the vocabulary says nothing that its text does not.
function isPlain({ bytes, piece, text }: Token): boolean {
  return bytes === "" || piece.replaceAll("Ġ", " ").replaceAll("▁", " ").replaceAll("Ċ", "\n") === text;
}

function Apart({ rank }: { rank: number }) {
  return (
    <div class="cutoff quiet">
      <span>chosen, at place {rank}</span>
    </div>
  );
}

export function Ticks({ axis, title, left = false }: { axis: Axis; title: string; left?: boolean }) {
  return (
    <span class={`wing ticks ${left ? "left" : "right"}`}>
      <b>{title}</b>
      {axis.ticks.map(({ at, label }) => (
        <span class="tick num" style={{ [left ? "right" : "left"]: `${100 * at}%` }}>
          {label}
        </span>
      ))}
    </span>
  );
}

export function Grid({ logits, probabilities }: { logits: Axis; probabilities: Axis }) {
  return (
    <div class="row grid">
      <span class="wing left">
        {logits.ticks.map(({ at }) => (
          <i class="line" style={{ right: `${100 * at}%` }} />
        ))}
      </span>
      <span class="wing right">
        {probabilities.ticks.map(({ at }) => (
          <i class="line" style={{ left: `${100 * at}%` }} />
        ))}
      </span>
    </div>
  );
}

function Cutoff({ picture }: { picture: Picture }) {
  return (
    <div class="cutoff">
      <span>{cutoffLabel(picture)}</span>
    </div>
  );
}
