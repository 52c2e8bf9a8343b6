// The steps that would have chosen another token, as a table.

import { fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { TokenLabel } from "../Glyphs.tsx";

const most = 200; // rows

export function ChangesTable({ state }: { state: State }) {
  const { contrast } = state;
  const alpha = contrast.alpha.value;
  const changes = contrast.changes.value;
  if (alpha === null || changes.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Steps that would change, may scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">step</th>
            <th scope="col" class="words">the run's</th>
            <th scope="col" class="words">at {fixed(alpha, 2)}</th>
          </tr>
        </thead>
        <tbody>
          {changes.slice(0, most).map((i) => (
            <tr>
              <th scope="row" class="num">
                <button class="link" onClick={() => state.select(i)}>
                  {i + 1}
                </button>
              </th>
              <td class="words">
                <TokenLabel token={state.steps.value[i]!.token} />
              </td>
              <td class="words">
                <TokenLabel token={contrast.winnerOf(i)!} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {changes.length > most && <p class="note">and {changes.length - most} more</p>}
    </div>
  );
}
