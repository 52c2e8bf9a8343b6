// What the pointer or the keyboard is at in the layer map: the five likeliest tokens of that layer.

import type { Cell } from "../../contrast/grid.ts";
import { layerName } from "../../contrast/words.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

export interface CellSpot {
  readonly cell: Cell;
  readonly left: number; // on the screen
  readonly top: number;
  readonly height: number;
}

const width = 256;

export function LayerTip({ spot, state }: { spot: CellSpot | null; state: State }) {
  const layer = spot && state.contrast.layerAt(spot.cell.column, spot.cell.row);
  if (!spot || !layer) return null;
  const { token } = state.steps.value[spot.cell.column]!;
  const y = spot.top > innerHeight * 0.6 ? { bottom: `${innerHeight - spot.top + 6}px` } : { top: `${spot.top + spot.height + 6}px` };
  const subtracted = layer.layer !== null && layer.layer === state.contrast.dola.value[spot.cell.column]!.chosen;
  return (
    <div class="tip layer-tip" role="presentation" aria-hidden="true" style={{ left: `${Math.max(8, Math.min(spot.left, innerWidth - width - 8))}px`, ...y }}>
      <p>
        <span>
          {layerName(layer.layer)}
          {subtracted && ", subtracted"}
        </span>
        {layer.layer !== null && (
          <span>
            <Num value={layer.divergence} unit="nats" /> nats
          </span>
        )}
      </p>
      {layer.top.map((each) => (
        <div class={each.id === token.id ? "chosen" : ""}>
          <TokenLabel token={each} />
          <Num value={each.p} unit="probability" />
        </div>
      ))}
      {!layer.top.some(({ id }) => id === token.id) && (
        <div class="chosen rest">
          <TokenLabel token={token} />
          <Num value={layer.p} unit="probability" />
        </div>
      )}
    </div>
  );
}
