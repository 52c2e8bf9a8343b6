// Both terms of every candidate as a table.

import { scoreAt } from "../../contrast/winner.ts";
import type { ContrastiveSearch } from "../../data/contrast.ts";
import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

export function TermsTable({ state, search }: { state: State; search: ContrastiveSearch }) {
  const { contrast } = state;
  const alpha = contrast.alphaShown.value;
  const past = contrast.past.value;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Both terms of every candidate, may scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">probability</th>
            <th scope="col">similarity</th>
            <th scope="col">score, recorded</th>
            {contrast.alpha.value !== null && <th scope="col">score at {fixed(alpha, 2)}</th>}
            <th scope="col">most like position</th>
            <th scope="col" class="words">which is</th>
          </tr>
        </thead>
        <tbody>
          {search.candidates.map((term, place) => {
            const near = term.nearest[0];
            return (
              <tr class={place === contrast.winner.value ? "chosen" : ""} data-id={term.id}>
                <th scope="row">
                  {place === contrast.winner.value ? "> " : ""}
                  <TokenLabel token={term} />
                </th>
                <td>
                  <Num value={term.p} unit="probability" />
                </td>
                <td>
                  <Num value={term.similarity} unit="score" />
                </td>
                <td>
                  <Num value={term.score} unit="score" />
                </td>
                {contrast.alpha.value !== null && (
                  <td>
                    <Num value={scoreAt(term, alpha)} unit="score" />
                  </td>
                )}
                <td class="num">{near ? near.position : "–"}</td>
                <td class="words">{near ? (past.at(near.position).text ?? "in the prompt") : ""}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
