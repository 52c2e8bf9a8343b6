// The numbers behind the pictures of a step.

import type { State } from "../state.ts";
import { TokenLabel } from "./Glyphs.tsx";
import { Num } from "./Num.tsx";

export function NumbersTable({ state }: { state: State }) {
  const { rows, other } = state.picture.value;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Candidates, may scroll sideways">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">logit</th>
            <th scope="col">score, logit</th>
            <th scope="col">probability</th>
            {other && <th scope="col">{other.label}</th>}
            <th scope="col">cumulative</th>
            <th scope="col">cut by</th>
            <th scope="col">id</th>
            <th scope="col">bytes</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ token, logit, cell, other: theirs, cumulative, chosen }) => (
            <tr class={chosen ? "chosen" : cell?.cutBy ? "cut" : ""} data-id={token.id}>
              <th scope="row">
                {chosen ? "> " : ""}
                <TokenLabel token={token} />
              </th>
              <td>
                <Num value={logit} unit="logit" />
              </td>
              <td>{cell ? <Num value={cell.score} unit="logit" /> : "–"}</td>
              <td class="p">{cell ? <Num value={cell.p} unit="probability" /> : "–"}</td>
              {other && <td class="p-other">{theirs ? <Num value={theirs.p} unit="probability" /> : "–"}</td>}
              <td>
                <Num value={cumulative} unit="probability" />
              </td>
              <td>{cell?.cutBy ?? ""}</td>
              <td>
                <span class="num">{token.id}</span>
              </td>
              <td class="hex">{token.bytes.length > 24 ? token.bytes.slice(0, 24) + "…" : token.bytes}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
