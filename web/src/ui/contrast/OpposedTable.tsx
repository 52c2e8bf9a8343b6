// Two distributions and their difference as a table.

import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";
import type { Labels, Pair } from "./Opposed.tsx";

export function OpposedTable({ pairs, labels }: { pairs: readonly Pair[]; labels: Labels }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${labels.for} and ${labels.against}, may scroll`}>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">{labels.against}, log p</th>
            <th scope="col">{labels.for}, log p</th>
            <th scope="col">{labels.net}</th>
            <th scope="col" class="words">
              masked
            </th>
            <th scope="col">id</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr class={pair.chosen ? "chosen" : pair.masked !== null ? "cut" : ""} data-id={pair.token.id}>
              <th scope="row">
                {pair.chosen ? "> " : ""}
                <TokenLabel token={pair.token} />
              </th>
              <td>
                <Num value={pair.against} unit="nats" />
              </td>
              <td>
                <Num value={pair.for} unit="nats" />
              </td>
              <td>
                <Num value={pair.net} unit={labels.unit} />
              </td>
              <td class="words">{pair.masked ?? ""}</td>
              <td class="num">{pair.token.id}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
