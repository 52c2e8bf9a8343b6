// How far each layer is from the final one, and what it would have said: as bars and as a table.

import type { Dola, Layer } from "../../data/contrast.ts";
import { probabilityBin } from "../../data/bins.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

// The final layer above, then from the highest to the lowest, as in the map.
function fromTheTop({ layers, final }: Dola): Layer[] {
  return [final, ...[...layers].reverse()];
}

export function Divergences({ dola }: { dola: Dola }) {
  const highest = dola.layers.reduce((max, { divergence }) => Math.max(max, divergence || 0), 0) || 1;
  return (
    <div class="divergences" role="group" aria-label="Divergence of each layer from the final one, and its likeliest tokens">
      <div class="divergence head" aria-hidden="true">
        <span />
        <span>layer</span>
        <b>
          <span class="wordy">divergence, </span>nats →
        </b>
        <span />
        <b>
          its likeliest<span class="wordy"> tokens</span>
        </b>
      </div>
      {fromTheTop(dola).map((layer) => (
        <div class={`divergence${layer.layer === dola.chosen ? " chosen" : ""}`} data-layer={layer.layer ?? "final"}>
          <span class="sign">{layer.layer === dola.chosen ? ">" : ""}</span>
          <span class="num">{layer.layer ?? "final"}</span>
          <span class="track-of">
            <i class="bar" style={{ width: `${(100 * (layer.divergence || 0)) / highest}%` }} />
          </span>
          {layer.layer === null ? <span /> : <Num value={layer.divergence} unit="nats" />}
          <span class="tops">
            {layer.top.slice(0, 3).map((each) => (
              <span class={`v${probabilityBin(each.p)}`} title={`${each.p}`}>
                <TokenLabel token={each} />
              </span>
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}

export function LayersTable({ dola }: { dola: Dola }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Layers, may scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">layer</th>
            <th scope="col">divergence, nats</th>
            <th scope="col">p of the chosen token</th>
            <th scope="col" class="words">likeliest</th>
          </tr>
        </thead>
        <tbody>
          {fromTheTop(dola).map((layer) => (
            <tr class={layer.layer === dola.chosen ? "chosen" : ""}>
              <th scope="row">
                {layer.layer === dola.chosen ? "> " : ""}
                {layer.layer ?? "final"}
              </th>
              <td>{layer.layer === null ? "–" : <Num value={layer.divergence} unit="nats" />}</td>
              <td>
                <Num value={layer.p} unit="probability" />
              </td>
              <td class="words">
                {layer.top.map((each) => (
                  <span class="top-of-layer">
                    <TokenLabel token={each} /> <Num value={each.p} unit="probability" />
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
